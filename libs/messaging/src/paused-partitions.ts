import type { Logger } from 'pino';
import type { HeldPartition } from './event-consumer.port';
import { Backoff } from './backoff';

/** A partition as kafkajs lets it be paused; what comes back resumes it. */
export interface Pausable {
  readonly partition: number;
  pause(): () => void;
}

export interface PauseOptions {
  readonly firstRetryMs: number;
  readonly lastRetryMs: number;
  readonly heldRetryMs: number;
}

/** A partition to hold, and why. */
export interface HoldReason extends HeldPartition {
  /**
   * Left out for a record that the handler must not judge. What could not be read goes on once it can be, without
   * anybody moving it: `transient` when the broker is likely to get over it, `lasting` when somebody must act.
   */
  readonly unreadable?: 'transient' | 'lasting';
}

interface Hold {
  readonly reason: HoldReason;
  readonly resume: () => void;
  /** Undefined while the partition is being tried again. */
  timer: NodeJS.Timeout | undefined;
  /** Runs while what could not be read is being tried again. */
  quiet?: NodeJS.Timeout;
}

/**
 * The partitions of one member that wait, for one of two reasons.
 *
 * backing off: the handler failed. All that wait for it come back together, after a wait that grows from failure to
 * failure, for ever.
 * held: the record at an offset is not for this program, or can't be read. Tried again at a fixed interval until the
 * partition moves, or can be read.
 *
 * Says so once when it begins and once when it is over, not at each try.
 */
export class PausedPartitions {
  private readonly backoff: Backoff;
  private readonly resumes = new Map<number, () => void>();
  private readonly holds = new Map<number, Hold>();
  private retryTimer: NodeJS.Timeout | undefined;
  private failing = false;
  private closed = false;

  constructor(
    private readonly options: PauseOptions,
    private readonly logger: Logger,
  ) {
    this.backoff = new Backoff(options.firstRetryMs, options.lastRetryMs);
  }

  list(): number[] {
    const held = [...this.holds].filter(([, { timer }]) => timer !== undefined).map(([partition]) => partition);
    return [...new Set([...this.resumes.keys(), ...held])].sort((a, b) => a - b);
  }

  held(): number[] {
    return [...this.holds.keys()].sort((a, b) => a - b);
  }

  backOff(partitions: readonly Pausable[], error: unknown): void {
    if (!this.failing) {
      const waiting = partitions.map(({ partition }) => partition);
      this.logger.warn({ error, partitions: waiting }, 'A batch failed: it comes again until it succeeds.');
    }
    this.failing = true;
    if (this.closed) return;
    for (const pausable of partitions) this.resumes.set(pausable.partition, pausable.pause());
    this.retryTimer ??= setTimeout(() => {
      this.resumeAll();
    }, this.backoff.next());
  }

  /** A handler call succeeded. It ends a failure only when nothing else still waits to be tried again. */
  succeeded(): void {
    if (!this.failing || this.resumes.size > 0) return;
    this.failing = false;
    this.backoff.reset();
    this.logger.info('Batches succeed again.');
  }

  hold(pausable: Pausable, reason: HoldReason, retryMs = this.options.heldRetryMs): void {
    const { partition } = reason;
    const before = this.holds.get(partition);
    if (!isSame(before?.reason, reason)) this.tellHeld(reason);
    if (this.closed) return;
    clearTimeout(before?.timer);
    clearTimeout(before?.quiet);
    const hold: Hold = {
      reason,
      resume: pausable.pause(),
      timer: setTimeout(() => {
        hold.timer = undefined;
        hold.resume();
        // A partition without a new record has nothing to show that it can be read again, but no trouble either.
        if (reason.unreadable !== undefined)
          hold.quiet = setTimeout(() => {
            this.readable(partition);
          }, retryMs);
      }, retryMs),
    };
    this.holds.set(partition, hold);
  }

  /** The partition has moved to `next`. */
  moved(partition: number, next: number): void {
    const hold = this.holds.get(partition);
    if (hold !== undefined && next > hold.reason.offset) this.release(partition, hold);
  }

  /** A fetch of the partition could be read, also one without any record. */
  readable(partition: number): void {
    const hold = this.holds.get(partition);
    if (hold?.reason.unreadable !== undefined) this.release(partition, hold);
  }

  /** Nothing is resumed or made to wait any more. The running batch may still fail after this: that only gets logged. */
  close(): void {
    this.closed = true;
    clearTimeout(this.retryTimer);
    for (const { timer, quiet } of this.holds.values()) {
      clearTimeout(timer);
      clearTimeout(quiet);
    }
    this.resumes.clear();
    this.holds.clear();
  }

  private tellHeld({ partition, offset, reason, unreadable }: HoldReason): void {
    const facts = { partition, offset, reason };
    if (unreadable === 'transient') this.logger.warn(facts, 'A partition is held until the broker can read it.');
    else this.logger.error(facts, 'A partition is held: somebody must act.');
  }

  private release(partition: number, hold: Hold): void {
    this.holds.delete(partition);
    clearTimeout(hold.quiet);
    if (hold.timer !== undefined) {
      clearTimeout(hold.timer);
      hold.resume();
    }
    this.logger.info({ partition, offset: hold.reason.offset }, 'A held partition goes on.');
  }

  private resumeAll(): void {
    this.retryTimer = undefined;
    const resumes = [...this.resumes.values()];
    this.resumes.clear();
    for (const resume of resumes) resume();
  }
}

function isSame(one: HoldReason | undefined, other: HoldReason): boolean {
  return one?.offset === other.offset && one.unreadable === other.unreadable;
}
