import { performance } from 'node:perf_hooks';

export interface SharedAnswerOptions {
  /** Milliseconds that an answer, or a failure, is given again without asking. */
  readonly freshMs: number;
  /** Milliseconds that somebody who asks waits; the question goes on and is shared by those who ask meanwhile. */
  readonly limitMs: number;
}

/** Nobody answered in time. */
class NoAnswerError extends Error {}

/**
 * One question on behalf of all who want to know: of any number of health checks and scrapes at most one a second
 * reaches the database, and none of them hangs with it.
 */
export class SharedAnswer<T> {
  private asking: Promise<T> | undefined;
  private settledAt = -Infinity;
  private known: T | undefined;

  constructor(
    private readonly ask: () => Promise<T>,
    private readonly options: SharedAnswerOptions,
  ) {}

  /** The last one that was given, however old. */
  get last(): T | undefined {
    return this.known;
  }

  /** @throws what asking threw, or after the limit. */
  async get(): Promise<T> {
    if (this.asking === undefined || performance.now() - this.settledAt > this.options.freshMs) this.begin();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new NoAnswerError(`No answer within ${this.options.limitMs} ms.`));
      }, this.options.limitMs);
    });
    try {
      return await Promise.race([this.asking as Promise<T>, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private begin(): void {
    this.settledAt = Infinity;
    this.asking = this.ask();
    this.asking.then(
      (answer) => {
        this.known = answer;
        this.settledAt = performance.now();
      },
      () => {
        this.settledAt = performance.now();
      },
    );
  }
}
