import { PipelineError } from '@app/events';

/** The file could not be written: a full disk, a folder that is read-only. Everything is as it was before. */
export class SegmentNotWrittenError extends PipelineError {
  readonly code = 'SEGMENT_NOT_WRITTEN';
  readonly retriable = true;
}

/** The file is not what PostgreSQL sent. Everything is as it was before. */
export class SegmentDiffersError extends PipelineError {
  readonly code = 'SEGMENT_DIFFERS';
  readonly retriable = true;
}

/** Somebody told the run to stop. Everything is as it was before the segment at hand. */
export class ArchiveStoppedError extends PipelineError {
  readonly code = 'ARCHIVE_STOPPED';
  readonly retriable = true;
}
