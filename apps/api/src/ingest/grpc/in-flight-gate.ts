/** What a batch fills of the queue in front of the log. */
export interface Load {
  readonly events: number;
  readonly bytes: number;
}

/**
 * Lets so much of all streams be on its way to the log at a time. Who finds no room waits, in turn; a batch that is
 * larger than all of the room goes when it is alone.
 */
export class InFlightGate {
  private events = 0;
  private bytes = 0;
  private readonly line: { readonly load: Load; readonly go: () => void }[] = [];

  constructor(private readonly most: Load) {}

  /** Resolves when there is room for it; the caller lets go of it by `leave`. */
  async enter(load: Load): Promise<void> {
    if (this.line.length === 0 && this.hasRoom(load)) {
      this.take(load);
      return;
    }
    await new Promise<void>((go) => {
      this.line.push({ load, go });
    });
  }

  leave({ events, bytes }: Load): void {
    this.events -= events;
    this.bytes -= bytes;
    for (let next = this.line[0]; next !== undefined && this.hasRoom(next.load); next = this.line[0]) {
      this.line.shift();
      this.take(next.load);
      next.go();
    }
  }

  private take({ events, bytes }: Load): void {
    this.events += events;
    this.bytes += bytes;
  }

  private hasRoom({ events, bytes }: Load): boolean {
    if (this.events === 0) return true;
    return this.events + events <= this.most.events && this.bytes + bytes <= this.most.bytes;
  }
}
