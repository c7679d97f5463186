import { PipelineError } from '@app/events';
import { StoreUnavailableError } from '@app/persistence';

/** The file could not be written: a full disk, a folder that is read-only, a bucket that is away. Everything is as it was before. */
export class SegmentNotWrittenError extends PipelineError {
  readonly code = 'SEGMENT_NOT_WRITTEN';
  readonly retriable = true;
}

/** The file is not what PostgreSQL sent, or no longer what was written. Nothing was changed. */
export class SegmentDiffersError extends PipelineError {
  readonly code = 'SEGMENT_DIFFERS';
  readonly retriable = true;
}

/** Somebody told the run to stop. Everything is as it was before the segment at hand. */
export class ArchiveStoppedError extends PipelineError {
  readonly code = 'ARCHIVE_STOPPED';
  readonly retriable = true;
}

/** The storage does not answer, refuses, or does not have the file. Nothing was changed. */
export class SegmentUnavailableError extends PipelineError {
  readonly code = 'SEGMENT_UNAVAILABLE';
  readonly retriable = true;
}

/** The storage answers, and does not have the file (any more). */
export class SegmentGoneError extends SegmentUnavailableError {}

/** Whether it may be the fault of the files at hand alone, so that others can be worked on. */
export function isOfFilesAtHand(error: unknown): boolean {
  if (error instanceof SegmentGoneError) return true;
  const ofAll = [StoreUnavailableError, SegmentUnavailableError, SegmentNotWrittenError];
  return !ofAll.some((kind) => error instanceof kind);
}
