import { performance } from 'node:perf_hooks';

export interface SharedAnswerOptions {
  /** Milliseconds that an answer, or a failure, is given again without asking. */
  readonly freshMs: number;
  /** Milliseconds that somebody who asks waits; the question goes on and is shared by those who ask meanwhile. */
  readonly limitMs: number;
}

/** A question is given up after so many limits: one that never settles must not be the last one. */
const LIMITS_PER_QUESTION = 5;

/** Nobody answered in time. */
class NoAnswerError extends Error {}

/**
 * One question on behalf of all who want to know: of any number of health checks and scrapes at most one a second
 * reaches the database, and none of them hangs with it.
 */
export class SharedAnswer<T> {
  private asking: Promise<T> | undefined;
  private askedAt = -Infinity;
  /** Undefined while `asking` is not settled. */
  private settledAt: number | undefined;
  private known: T | undefined;

  constructor(
    private readonly ask: () => Promise<T>,
    private readonly options: SharedAnswerOptions,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The last one that was given, however old. */
  get last(): T | undefined {
    return this.known;
  }

  /** @throws what asking threw, or after the limit. */
  async get(): Promise<T> {
    const asking = this.asking === undefined || this.isOver() ? this.begin() : this.asking;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new NoAnswerError(`No answer within ${this.options.limitMs} ms.`));
      }, this.options.limitMs);
    });
    try {
      return await Promise.race([asking, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether the last question is answered and old, or was asked so long ago that it will not be. */
  private isOver(): boolean {
    const { freshMs, limitMs } = this.options;
    if (this.settledAt !== undefined) return this.now() - this.settledAt > freshMs;
    return this.now() - this.askedAt > limitMs * LIMITS_PER_QUESTION;
  }

  private begin(): Promise<T> {
    const asking = this.ask();
    this.asking = asking;
    this.askedAt = this.now();
    this.settledAt = undefined;
    // What comes of a question that was given up says nothing of now.
    const settle = (): boolean => {
      if (this.asking !== asking) return false;
      this.settledAt = this.now();
      return true;
    };
    asking.then((answer) => {
      if (settle()) this.known = answer;
    }, settle);
    return asking;
  }
}
