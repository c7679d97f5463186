/** What a check has found. */
export interface Finding {
  readonly healthy: boolean;
  readonly lines: readonly string[];
}
