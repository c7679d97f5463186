/** Nest token of `ArchiverConfig`. */
export const ARCHIVER_CONFIG = Symbol('ArchiverConfig');
