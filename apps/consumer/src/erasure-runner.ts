import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Eraser } from '@app/persistence';

/** One look at an index. */
const PAUSE_MS = 500;
const RETRY_MS = 2000;

/**
 * Works on erasures for as long as the consumer runs: without consumers nothing is stored, and so there is always somebody
 * to erase. All of them look, one works.
 */
@Injectable()
export class ErasureRunner {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly eraser: Eraser,
    private readonly logger: PinoLogger,
  ) {}

  start(): void {
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
      const pauseMs = await this.step();
      if (pauseMs > 0) await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** @returns how long to rest after it. */
  private async step(): Promise<number> {
    try {
      const step = await this.eraser.step();
      if (step.kind === 'done') this.logger.info({ erasure: step.erasureId }, 'A user is erased.');
      if (step.kind === 'failed') {
        this.logger.error(
          { error: step.error, erasure: step.erasureId },
          'A user could not be erased; ask for it again.',
        );
      }
      return step.kind === 'rest' ? PAUSE_MS : 0;
    } catch (error) {
      this.logger.warn({ error }, 'An erasure could not go on; it is tried again.');
      return RETRY_MS;
    }
  }
}
