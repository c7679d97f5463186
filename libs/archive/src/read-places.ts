import { ColdUnavailableError } from '@app/persistence';

export interface ReadLimits {
  /** DuckDB works on threads of the process that look up names and files, too: there are four. */
  readonly atOnce: number;
  readonly waiting: number;
  /** From asking to the end, waiting included. */
  readonly limitMs: number;
}

/** Shorter than the database's limit of a query, and long for a page: one of a rare user takes 32 ms in 10 million events. */
const LIMITS: ReadLimits = { atOnce: 2, waiting: 100, limitMs: 5000 };

/**
 * How long after it read the manifest somebody may still read a file that it named. Files that it names no longer stay for
 * so long. The limits of the database and of the reading, with time to spare for a process that is short of CPU.
 */
export const LONGEST_COLD_READ_MS = 60_000;

/** Lets few at a time work, each for a limited time; the others wait, and who would be too many is sent away. */
export class ReadPlaces {
  private taken = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly limits = LIMITS) {}

  /**
   * @param work is to end soon when its signal is aborted; its place is free when it has.
   * @param client aborted when nobody waits for it any more.
   * @throws {ColdUnavailableError} there is no place, or it took too long, or the client is gone.
   */
  async run<T>(work: (signal: AbortSignal) => Promise<T>, client?: AbortSignal): Promise<T> {
    const ending = new AbortController();
    const end = (why: string): void => {
      ending.abort(new ColdUnavailableError(why));
    };
    const leave = (): void => {
      end('Nobody waits for it any more.');
    };
    if (client?.aborted === true) leave();
    client?.addEventListener('abort', leave, { once: true });
    const timer = setTimeout(() => {
      end('Reading old events took too long.');
    }, this.limits.limitMs);
    try {
      await this.enter(ending.signal);
      const working = work(ending.signal).finally(() => {
        this.free();
      });
      return await Promise.race([working, abortOf(ending.signal)]);
    } finally {
      clearTimeout(timer);
      client?.removeEventListener('abort', leave);
    }
  }

  private async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.taken < this.limits.atOnce) {
      this.taken += 1;
      return;
    }
    if (this.waiting.size >= this.limits.waiting) {
      throw new ColdUnavailableError('Too many want to read old events.');
    }
    await this.turn(signal);
  }

  /** Resolves with a place; first come, first served. */
  private turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.waiting.delete(take);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.waiting.add(take);
    });
  }

  private free(): void {
    const [next] = this.waiting;
    if (next === undefined) {
      this.taken -= 1;
      return;
    }
    // The place is handed on.
    this.waiting.delete(next);
    next();
  }
}

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener(
      'abort',
      () => {
        reject(signal.reason as Error);
      },
      { once: true },
    );
  });
}
