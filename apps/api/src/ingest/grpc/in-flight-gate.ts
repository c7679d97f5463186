/**
 * Lets so many events of all streams be on their way to the log at a time. Who finds no room waits, in turn; a batch
 * that is larger than all of the room goes when it is alone.
 */
export class InFlightGate {
  private events = 0;
  private readonly line: { readonly events: number; readonly go: () => void }[] = [];

  constructor(private readonly maxEvents: number) {}

  /** Resolves when there is room for them; the caller lets go of them by `leave`. */
  async enter(events: number): Promise<void> {
    if (this.line.length === 0 && this.hasRoom(events)) {
      this.events += events;
      return;
    }
    await new Promise<void>((go) => {
      this.line.push({ events, go });
    });
  }

  leave(events: number): void {
    this.events -= events;
    for (let next = this.line[0]; next !== undefined && this.hasRoom(next.events); next = this.line[0]) {
      this.line.shift();
      this.events += next.events;
      next.go();
    }
  }

  private hasRoom(events: number): boolean {
    return this.events === 0 || this.events + events <= this.maxEvents;
  }
}
