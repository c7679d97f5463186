export { Archiver, type ArchiveOptions, type ArchiveRun, type ArchiveStep } from './archiver';
export { Engine, type EngineLimits } from './duckdb/engine';
export { LocalSegmentStorage } from './local/local-segment-storage';
