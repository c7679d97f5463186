export { Archiver, type ArchiveOptions, type ArchiveRun, type ArchiveStep } from './archiver';
export { SegmentDiffersError, SegmentNotWrittenError } from './archive.error';
export { ColdStore } from './cold-store';
export { Engine, type EngineLimits } from './duckdb/engine';
export { LocalSegmentStorage } from './local/local-segment-storage';
export { SegmentStorage } from './segment-storage.port';
