export { ArchiveModule } from './archive.module';
export { ArchiveStoppedError } from './archive.error';
export { Archiver, type ArchiveOptions, type ArchiveRun, type ArchiveStep } from './archiver';
export { boundaryOf, ColdTier } from './cold-tier';
export { Engine, type EngineLimits } from './duckdb/engine';
export { LocalSegmentStorage } from './local/local-segment-storage';
export { checkSegments, type CheckedSegments, type SegmentFault } from './segment-check';
export { S3SegmentStorage, type S3StorageOptions } from './s3/s3-segment-storage';
