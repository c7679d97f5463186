import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { ArchiveWork } from './archive-work';
import { ErasureWork } from './erasure-work';

/** Between two looks for erasures: one look at an index. */
const PAUSE_MS = 500;

/**
 * All work of the archiver, one thing after the other: erasures first, old events when it is time for them, and erasures
 * again after each segment, so that none waits for longer than one takes. However many there are, they have their turns
 * only: old events are moved meanwhile.
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
      const between = async (): Promise<void> => {
        await this.erase();
      };
      if (this.archive.isDue) await this.archive.run({ signal, onStep: this.beat, between });
      if (!more) await delay(PAUSE_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  private erase(): Promise<boolean> {
    return this.erasures.run(this.stopping.signal, this.beat);
  }
}
