import { Backoff } from '../backoff';

export interface BreakerOptions {
  readonly firstWaitMs: number;
  readonly lastWaitMs: number;
  /** Resolves when calls have a chance again. */
  readonly probe: () => Promise<void>;
  readonly onOpen: (error: unknown) => void;
  readonly onClose: () => void;
}

/**
 * Keeps callers from waiting for a log that does not answer.
 *
 * closed: calls go through. A failure → open.
 * open: calls are refused at once. After a wait it probes; a failed probe lengthens the wait, a good one → trying.
 * trying: calls go through, but nothing is proven. A success → closed, and the waits start anew; a failure → open.
 */
export class CircuitBreaker {
  private state: 'closed' | 'open' | 'trying' = 'closed';
  private reason: unknown;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private readonly backoff: Backoff;

  constructor(private readonly options: BreakerOptions) {
    this.backoff = new Backoff(options.firstWaitMs, options.lastWaitMs);
  }

  get open(): boolean {
    return this.state === 'open';
  }

  /** What opened it last. */
  get lastError(): unknown {
    return this.reason;
  }

  succeeded(): void {
    if (this.state !== 'trying') return;
    this.state = 'closed';
    this.backoff.reset();
    this.options.onClose();
  }

  failed(error: unknown): void {
    this.reason = error;
    if (this.state === 'open' || this.stopped) return;
    const wasClosed = this.state === 'closed';
    this.state = 'open';
    this.scheduleProbe();
    if (wasClosed) this.options.onOpen(error);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private scheduleProbe(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.options.probe().then(
        () => {
          this.state = 'trying';
        },
        (error: unknown) => {
          this.reason = error;
          this.scheduleProbe();
        },
      );
    }, this.backoff.next());
  }
}
