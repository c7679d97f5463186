import { performance } from 'node:perf_hooks';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { apiMetrics, MetricSet, Vitals } from '@app/observability';
import { DeadLetterChanges, DeadLetters } from '@app/persistence';
import { findLetter } from './find-letter';
import type { LetterOrder } from './dead-letter-order.convert';

/** Letters in one transaction, and how long a request goes on: those that are left match when it is sent again. */
const PAGE_LETTERS = 1000;
const REQUEST_MS = 20_000;

/** Lets go of dead letters for good. */
@Injectable()
export class DeadLetterDiscardService implements OnModuleInit {
  private total = 0;

  constructor(
    private readonly letters: DeadLetters,
    private readonly changes: DeadLetterChanges,
    private readonly vitals: Vitals,
    private readonly logger: PinoLogger,
  ) {}

  onModuleInit(): void {
    this.vitals.addMetrics(new MetricSet().add(apiMetrics.discarded, () => this.total));
  }

  /** False when it was discarded before. @throws {ProblemError} 404 */
  async one(projectId: number, id: string): Promise<boolean> {
    await findLetter(this.letters, projectId, id);
    const discarded = await this.changes.discardOne(projectId, id);
    if (discarded) this.count(1, projectId);
    return discarded;
  }

  /** The open letters of a filter, none that comes meanwhile. */
  async many(projectId: number, { filter, dryRun }: LetterOrder, signal: AbortSignal): Promise<[number, number]> {
    const through = await this.letters.lastId(projectId);
    const matched = await this.letters.countOpen(projectId, filter, { after: '0', through });
    const until = performance.now() + REQUEST_MS;
    let discarded = 0;
    while (!dryRun && !signal.aborted && performance.now() < until) {
      const some = await this.changes.discardSome(projectId, filter, through, PAGE_LETTERS);
      discarded += some;
      if (some === 0) break;
    }
    if (discarded > 0) this.count(discarded, projectId);
    return [matched, discarded];
  }

  private count(discarded: number, projectId: number): void {
    this.total += discarded;
    this.logger.info({ discarded, project: projectId }, 'Dead letters are discarded.');
  }
}
