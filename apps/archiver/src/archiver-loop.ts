import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { ArchiverConfig } from '@app/config';
import { ArchiveWork } from './archive-work';
import { ErasureWork } from './erasure-work';
import { ARCHIVER_CONFIG } from './tokens';

/** Between two looks for erasures: one look at an index. */
const PAUSE_MS = 500;

/**
 * All work of the archiver, one thing after the other: erasures first, old events when it is time for them, and erasures
 * again after each segment, so that none waits for longer than one takes. However many there are, they have their turns
 * only: old events are moved meanwhile. Between two segments it rests, in proportion to what the last one took, so that
 * whoever stores new events has the machine: moving is never urgent.
 */
@Injectable()
export class ArchiverLoop {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private beatAt = performance.now();
  private readonly beat = (): void => {
    this.beatAt = performance.now();
  };

  constructor(
    @Inject(ARCHIVER_CONFIG) private readonly config: Pick<ArchiverConfig, 'dutyPercent'>,
    private readonly archive: ArchiveWork,
    private readonly erasures: ErasureWork,
  ) {}

  /** Since the last step of whatever it does; undefined while it has not begun. */
  get stillMs(): number | undefined {
    return this.running === undefined ? undefined : performance.now() - this.beatAt;
  }

  start(): void {
    this.beat();
    this.running = this.run();
  }

  /** Resolves once the step that runs has ended. May be called twice. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      this.beat();
      const more = await this.erase();
      if (this.archive.isDue) await this.archive.run({ signal, onStep: this.beat, between: this.resting() });
      if (!more) await this.pause(PAUSE_MS);
    }
  }

  /** @returns what rests, and erases meanwhile; its first call is that after the first piece of work. */
  private resting(): () => Promise<void> {
    const { dutyPercent } = this.config;
    let workedFrom = performance.now();
    return async () => {
      const now = performance.now();
      const until = now + ((now - workedFrom) * (100 - dutyPercent)) / dutyPercent;
      await this.erase();
      for (let left = until - now; left > 0 && !this.stopping.signal.aborted; left = until - performance.now()) {
        this.beat();
        await this.pause(Math.min(left, PAUSE_MS));
        await this.erase();
      }
      workedFrom = performance.now();
    };
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
  }

  private erase(): Promise<boolean> {
    return this.erasures.run(this.stopping.signal, this.beat);
  }
}
