/** How far an import has come. `read` is `accepted` and `refused` together. */
export interface ImportTotals {
  readonly batches: number;
  readonly read: number;
  readonly accepted: number;
  readonly refused: number;
  /** Line that the last row dealt with begins on; 0 before the first. */
  readonly lastLine: number;
}
