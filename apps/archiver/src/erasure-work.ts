import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Eraser } from '@app/persistence';

const RETRY_MS = 2000;

/** Erases users. The archiver has the files, so it alone can tell that nothing is left anywhere. */
@Injectable()
export class ErasureWork {
  private triedAgainAt = 0;
  failures = 0;

  constructor(
    private readonly eraser: Eraser,
    private readonly logger: PinoLogger,
  ) {}

  /** Works until there is nothing to do, or `signal` is aborted; `onStep` is called after each step. */
  async run(signal: AbortSignal, onStep: () => void): Promise<void> {
    while (!signal.aborted && performance.now() >= this.triedAgainAt) {
      if (!(await this.step())) return;
      onStep();
    }
  }

  /** @returns whether to go on at once. */
  private async step(): Promise<boolean> {
    try {
      const step = await this.eraser.step();
      if (step.kind === 'done') this.logger.info({ erasure: step.erasureId }, 'A user is erased.');
      if (step.kind === 'failed') {
        this.failures += 1;
        this.logger.error(
          { error: step.error, erasure: step.erasureId },
          'A user could not be erased; ask for it again.',
        );
      }
      return step.kind !== 'rest';
    } catch (error) {
      this.failures += 1;
      this.triedAgainAt = performance.now() + RETRY_MS;
      this.logger.warn({ error }, 'An erasure could not go on; it is tried again.');
      return false;
    }
  }
}
