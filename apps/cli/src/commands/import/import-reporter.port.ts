import type { ImportTotals } from './import-totals';

export interface ImportStart {
  readonly file: string;
  readonly batchSize: number;
  readonly dryRun: boolean;
}

export interface ImportEnd {
  readonly totals: ImportTotals;
  readonly seconds: number;
  /** Why it ended before the end of the file, or undefined. */
  readonly stoppedBy: string | undefined;
}

/** Tells the person or program that waits how an import goes. */
export abstract class ImportReporter {
  abstract start(start: ImportStart): void;
  abstract batchDone(batch: { readonly read: number; readonly refused: number }, totals: ImportTotals): void;
  /** One refused row, already in words. */
  abstract refused(text: string): void;
  abstract waiting(reason: string, waitMs: number): void;
  abstract end(end: ImportEnd): void;
}
