import { logLine } from '../../log-line';
import type { PostFigures } from './post-run';

interface Output {
  readonly out: (text: string) => void;
  readonly err: (line: string) => void;
  /** True: one line that is written over, for a person; false: a line of `key=value` per second. */
  readonly terminal: boolean;
}

/** Tells once a second how the posting goes, and at the end what came of it. */
export class PostReporter {
  private before = { sent: 0, accepted: 0 };
  private retries = 0;
  private reason = '';

  constructor(private readonly output: Output) {}

  retry(reason: string): void {
    this.retries += 1;
    this.reason = reason;
  }

  second(seconds: number, figures: PostFigures): void {
    const { due, sent, accepted, refused, p50Ms, p99Ms } = figures;
    const retries = this.takeRetries();
    const line = logLine('generate_second', {
      second: Math.round(seconds),
      sent: sent - this.before.sent,
      accepted: accepted - this.before.accepted,
      behind: due - sent,
      retries,
      total_accepted: accepted,
      total_refused: refused,
      p50_ms: p50Ms.toFixed(1),
      p99_ms: p99Ms.toFixed(1),
    });
    this.before = { sent, accepted };
    this.output.out(this.output.terminal ? `\r\u001b[K${line.replace('generate_second ', '')}` : `${line}\n`);
  }

  end(seconds: number, figures: PostFigures): void {
    const { due, sent, accepted, refused, unconfirmed, p50Ms, p99Ms } = figures;
    this.takeRetries();
    const summary = logLine('generate_complete', {
      accepted,
      refused,
      unconfirmed,
      not_sent: due - sent,
      seconds: seconds.toFixed(3),
      events_per_second: Math.round(accepted / Math.max(seconds, 0.001)),
      p50_ms: p50Ms.toFixed(1),
      p99_ms: p99Ms.toFixed(1),
    });
    this.output.out(`${this.output.terminal ? '\r\u001b[K' : ''}${summary}\n`);
    if (due > sent) {
      this.output.err(`fell behind: ${due - sent} of ${due} events were never sent, the rate was not reached`);
    }
  }

  private takeRetries(): number {
    const { retries, reason } = this;
    this.retries = 0;
    if (retries > 0) {
      const line = logLine('generate_waiting', { retries, reason });
      this.output.err(this.output.terminal ? `\r\u001b[K${line}` : line);
    }
    return retries;
  }
}
