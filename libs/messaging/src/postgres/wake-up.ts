/** Lets one loop sleep until it is poked, or for a while. A poke while nobody sleeps ends the next sleep at once. */
export class WakeUp {
  private poked = false;
  private awake: (() => void) | undefined;

  readonly poke = (): void => {
    this.poked = true;
    this.awake?.();
  };

  async sleep(longestMs: number): Promise<void> {
    if (!this.poked) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, longestMs);
        this.awake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.awake = undefined;
    }
    this.poked = false;
  }
}
