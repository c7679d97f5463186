export { Archiver, type ArchiveOptions, type ArchiveRun, type ArchiveStep } from './archiver';
export { ColdUserEvents } from './cold-user.place';
export { Engine, type EngineLimits } from './duckdb/engine';
export { LocalSegmentStorage } from './local/local-segment-storage';
export { READERS_GRACE_MS, type ColdTier } from './locked-tier';
export type { RewriteStep } from './segment-rewriter';
