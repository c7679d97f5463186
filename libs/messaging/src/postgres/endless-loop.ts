import { setTimeout as delay } from 'node:timers/promises';
import { Backoff } from '../backoff';
import type { OutageLog } from './outage-log';
import { WakeUp } from './wake-up';

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 2000;

/** One turn. Resolves with the milliseconds until the next one, which a poke cuts short. */
export type Turn = (signal: AbortSignal) => Promise<number>;

/** Takes turns until `stop`; a turn that fails is followed by a wait that no poke cuts short, and by the next turn. */
export class EndlessLoop {
  private readonly wakeUp = new WakeUp();
  private readonly stopping = new AbortController();
  private readonly backoff = new Backoff(FIRST_RETRY_MS, LAST_RETRY_MS);
  private running: Promise<void> | undefined;

  constructor(
    private readonly name: string,
    private readonly turn: Turn,
    private readonly outage: OutageLog,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  readonly poke = (): void => {
    this.wakeUp.poke();
  };

  /** Resolves when the running turn is over. May be called twice, and without a start. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.wakeUp.poke();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        const pauseMs = await this.turn(signal);
        this.outage.over(this.name);
        this.backoff.reset();
        await this.wakeUp.sleep(pauseMs);
      } catch (error) {
        this.outage.met(this.name, error);
        await rest(this.backoff.next(), signal);
      }
    }
  }
}

/** Ends early, without an error, when `signal` says so. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
