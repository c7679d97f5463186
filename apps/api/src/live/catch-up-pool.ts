import { setTimeout as delay } from 'node:timers/promises';

/** One subscriber's place among those who read older positions. */
export interface CatchUpTurn {
  /** Whether it may read now. */
  readonly granted: boolean;
  /** Whether it has to let another one read. */
  readonly over: boolean;
  /** Gives it back, or leaves the line. May be called twice. */
  release(): void;
}

/**
 * Lets a few read at a time, in turns, and all of them together no more than half of the time of the event loop: whoever
 * reads a month of events must not hold up those who post.
 */
export class CatchUpPool {
  private readonly running = new Set<Turn>();
  private waiting: Turn[] = [];
  private freeAt = 0;

  constructor(
    private readonly readers: number,
    private readonly turnMs: number,
  ) {}

  /** Subscribers that read, or wait for it. */
  get size(): number {
    return this.running.size + this.waiting.length;
  }

  /** @param wake called when the turn has come. */
  request(wake: () => void): CatchUpTurn {
    const turn: Turn = new Turn(
      wake,
      () => this.waiting.length > 0 && performance.now() - turn.grantedAt > this.turnMs,
      () => {
        this.running.delete(turn);
        this.waiting = this.waiting.filter((other) => other !== turn);
        this.grant();
      },
    );
    this.waiting.push(turn);
    this.grant();
    return turn;
  }

  /** Resolves when others of the process have had as much time as was worked, by all who read. */
  async rest(workedMs: number): Promise<void> {
    const now = performance.now();
    this.freeAt = Math.max(now, this.freeAt) + workedMs;
    await delay(Math.ceil(this.freeAt - now));
  }

  private grant(): void {
    while (this.running.size < this.readers) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.running.add(next);
      next.grant();
    }
  }
}

class Turn implements CatchUpTurn {
  granted = false;
  grantedAt = 0;

  constructor(
    private readonly wake: () => void,
    private readonly isOver: () => boolean,
    readonly release: () => void,
  ) {}

  get over(): boolean {
    return this.isOver();
  }

  grant(): void {
    this.granted = true;
    this.grantedAt = performance.now();
    this.wake();
  }
}
