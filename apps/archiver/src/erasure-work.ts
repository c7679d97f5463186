import { Injectable, Optional } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Eraser } from '@app/persistence';

const RETRY_MS = 2000;

/** Of erasures, before it is the turn of other work. */
const TURN_MS = 10_000;

/** Erases users. The archiver has the files, so it alone can tell that nothing is left anywhere. */
@Injectable()
export class ErasureWork {
  private triedAgainAt = 0;
  failures = 0;

  constructor(
    private readonly eraser: Eraser,
    private readonly logger: PinoLogger,
    @Optional() private readonly turnMs = TURN_MS,
  ) {}

  /**
   * Works until there is nothing to do, its turn is over, or `signal` is aborted; at least one step. `onStep` is called
   * after each.
   *
   * @returns whether to go on at once.
   */
  async run(signal: AbortSignal, onStep: () => void): Promise<boolean> {
    const until = performance.now() + this.turnMs;
    while (!signal.aborted && performance.now() >= this.triedAgainAt) {
      if (!(await this.step())) return false;
      onStep();
      if (performance.now() >= until) return true;
    }
    return false;
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
