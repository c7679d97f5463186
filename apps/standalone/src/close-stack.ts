type Closer = () => unknown;

/** What was opened, to be closed in reverse. */
export class CloseStack {
  private readonly closers: Closer[] = [];
  private closing: Promise<void> | undefined;

  push(close: Closer): void {
    this.closers.push(close);
  }

  /**
   * Closes everything, also what comes after one that fails. May be called twice.
   *
   * @throws the first failure, after all are closed.
   */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.closers.reverse()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
