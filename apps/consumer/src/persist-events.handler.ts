import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { PipelineError } from '@app/events';
import { EventConsumer, headerText, type HeldPartition, type LogRecord, type PartitionBatch } from '@app/messaging';
import {
  EventStore,
  LogRecreatedError,
  StoreRefusedError,
  type InsertResult,
  type RecordOutcome,
} from '@app/persistence';
import { decide, identityOf, toDeadLetter } from './decide';
import { RefusalGuard } from './refusal-guard';

/** The database refuses more than a stray event: nothing moves until it takes them, or somebody has looked. */
export class TooManyRefusalsError extends PipelineError {
  readonly code = 'TOO_MANY_REFUSALS';
  readonly retriable = true;
}

const NOTHING: InsertResult = { stored: 0, duplicates: 0, deadLettered: 0, redelivered: 0 };

function add(a: InsertResult, b: InsertResult): InsertResult {
  return {
    stored: a.stored + b.stored,
    duplicates: a.duplicates + b.duplicates,
    deadLettered: a.deadLettered + b.deadLettered,
    redelivered: a.redelivered + b.redelivered,
  };
}

/** Up to twenty request ids of a batch: enough to find a request's way into the database. */
function requestIds(batches: readonly PartitionBatch[]): string[] {
  const ids = new Set<string>();
  for (const { records } of batches) {
    for (const { headers } of records) {
      if (ids.size === 20) return [...ids];
      ids.add(headerText(headers, 'request_id') ?? '');
    }
  }
  return [...ids];
}

/** One call of the handler, while its batch may have to be split. */
interface Attempt {
  readonly batches: readonly PartitionBatch[];
  /** Identities that the database refused: of another event with one of them, the next in the batch has its turn. */
  readonly refused: Set<string>;
}

/**
 * Makes every record durable as exactly one of: a stored event, a counted duplicate, a dead letter. Rejects when the
 * database is away; nothing is lost then, the same records come again.
 */
@Injectable()
export class PersistEventsHandler {
  private readonly guard = new RefusalGuard();

  constructor(
    private readonly consumer: EventConsumer,
    private readonly store: EventStore,
    private readonly logger: PinoLogger,
  ) {}

  async handle(batches: readonly PartitionBatch[]): Promise<readonly HeldPartition[]> {
    const { outcomes, held } = decide(batches);
    try {
      const result = await this.insertOrSplit(outcomes, { batches, refused: new Set() });
      this.report(batches, outcomes, result);
      return held;
    } catch (error) {
      if (!(error instanceof LogRecreatedError)) throw error;
      return this.withoutRecreated(batches, error);
    }
  }

  /** A partition whose log was made anew stays where it is; the others go on. */
  private async withoutRecreated(
    batches: readonly PartitionBatch[],
    error: LogRecreatedError,
  ): Promise<readonly HeldPartition[]> {
    const { partition } = error;
    const offset = batches.find((batch) => batch.partition === partition)?.records[0]?.offset ?? 0;
    const rest = batches.filter((batch) => batch.partition !== partition);
    const held = rest.length > 0 ? await this.handle(rest) : [];
    return [{ partition, offset, reason: error.message }, ...held];
  }

  /** Inserts all, or halves the batch until what the database refuses is alone, and a dead letter. */
  private async insertOrSplit(outcomes: readonly RecordOutcome[], attempt: Attempt): Promise<InsertResult> {
    const [first] = outcomes;
    if (first === undefined) return NOTHING;
    try {
      return await this.insert(outcomes, attempt);
    } catch (error) {
      if (!(error instanceof StoreRefusedError)) throw error;
      if (outcomes.length === 1) return this.insertRefused(first, error, attempt);
      const middle = outcomes.length >> 1;
      const left = await this.insertOrSplit(outcomes.slice(0, middle), attempt);
      return add(left, await this.insertOrSplit(outcomes.slice(middle), attempt));
    }
  }

  private async insert(outcomes: readonly RecordOutcome[], attempt: Attempt): Promise<InsertResult> {
    const { group, topic } = this.consumer;
    const logEnds = new Map(attempt.batches.map(({ partition, logEnd }) => [partition, logEnd]));
    const due = attempt.refused.size === 0 ? outcomes : outcomes.map((outcome) => promote(outcome, attempt.refused));
    const result = await this.store.insert({ group, topic, outcomes: due, logEnds });
    this.guard.record(result.stored, false);
    return result;
  }

  private async insertRefused(
    outcome: RecordOutcome,
    error: StoreRefusedError,
    attempt: Attempt,
  ): Promise<InsertResult> {
    const { partition, offset } = outcome;
    if (outcome.kind === 'dead-letter') throw error; // nothing smaller is left to try
    if (this.guard.exhausted) {
      throw new TooManyRefusalsError('The database refuses more than 5 % of the last 1000 events.', { cause: error });
    }
    this.guard.record(1, true);
    attempt.refused.add(identityOf(outcome.event));
    const letter = toDeadLetter(recordAt(attempt.batches, partition, offset), 'store', error);
    return this.insert([{ partition, offset, kind: 'dead-letter', letter }], attempt);
  }

  private report(batches: readonly PartitionBatch[], outcomes: readonly RecordOutcome[], result: InsertResult): void {
    for (const outcome of outcomes) {
      if (outcome.kind !== 'dead-letter') continue;
      const { partition, offset, letter } = outcome;
      const request_id = headerText(letter.headers, 'request_id');
      this.logger.warn(
        { partition, offset, reason: letter.reason, detail: letter.detail, request_id },
        'A record is a dead letter.',
      );
    }
    if (!this.logger.logger.isLevelEnabled('debug')) return;
    const partitions = batches.map(({ partition }) => partition);
    this.logger.debug({ ...result, partitions, request_ids: requestIds(batches) }, 'A batch is stored.');
  }
}

function promote(outcome: RecordOutcome, refused: Set<string>): RecordOutcome {
  if (outcome.kind !== 'duplicate-in-batch' || !refused.delete(identityOf(outcome.event))) return outcome;
  return { ...outcome, kind: 'persist' };
}

function recordAt(batches: readonly PartitionBatch[], partition: number, offset: number): LogRecord {
  const batch = batches.find((candidate) => candidate.partition === partition);
  const record = batch?.records.find((candidate) => candidate.offset === offset);
  if (record === undefined) throw new Error(`The batch has no record ${partition}/${offset}.`);
  return record;
}
