/** Lets so much run at a time and so many wait; all who wait fail with the one that fails. */
export class InTurn {
  private readonly running = new Set<Promise<unknown>>();
  private waiting = 0;

  /** @param tooMany makes the error of those for whom there is no room. */
  constructor(
    private readonly limits: { readonly running: number; readonly waiting: number },
    private readonly tooMany: () => Error,
  ) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.waiting >= this.limits.waiting) throw this.tooMany();
    this.waiting += 1;
    try {
      // When one fails, all who wait fail with it: the database is away, and in turn they would wait for minutes.
      while (this.running.size >= this.limits.running) await Promise.race(this.running);
    } finally {
      this.waiting -= 1;
    }
    const mine = work().finally(() => this.running.delete(mine));
    this.running.add(mine);
    return mine;
  }
}
