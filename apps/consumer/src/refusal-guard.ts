const WINDOW = 1000;
const MAX_REFUSED = 50;

/**
 * Remembers which of the last 1000 events the database refused. A bad deploy makes it refuse everything, and must not
 * turn the topic into dead letters: beyond 5 % consumption stops and somebody has to look.
 */
export class RefusalGuard {
  private readonly refused = new Array<boolean>(WINDOW).fill(false);
  private next = 0;
  private count = 0;

  /** True when one more refusal would be too many. */
  get exhausted(): boolean {
    return this.count >= MAX_REFUSED;
  }

  record(events: number, refused: boolean): void {
    for (let index = 0; index < Math.min(events, WINDOW); index += 1) {
      if (this.refused[this.next] === true) this.count -= 1;
      this.refused[this.next] = refused;
      if (refused) this.count += 1;
      this.next = (this.next + 1) % WINDOW;
    }
  }
}
