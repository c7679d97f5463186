/** Something outside this process is not as it must be; the message says what, for the person at the terminal. */
export class CannotStartError extends Error {
  readonly code = 'CANNOT_START';

  /** @param what fails, as the beginning of a sentence whose end is the cause. */
  constructor(what: string, cause: unknown) {
    super(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'CannotStartError';
  }
}
