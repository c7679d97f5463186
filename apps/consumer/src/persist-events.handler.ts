import { performance } from 'node:perf_hooks';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { PipelineError } from '@app/events';
import { EventConsumer, headerText, type HeldPartition, type LogRecord, type PartitionBatch } from '@app/messaging';
import {
  BatchTooLargeError,
  EventStore,
  LogRecreatedError,
  StoreRefusedError,
  StoreUnavailableError,
  type InsertResult,
  type NewDeadLetter,
  type RecordOutcome,
  type Replay,
} from '@app/persistence';
import { deadLetterOf, decide, readAnew } from './decide';
import { RefusalGuard } from './refusal-guard';

/** The database refuses more than a stray event: nothing moves until it takes them, or somebody has looked. */
export class TooManyRefusalsError extends PipelineError {
  readonly code = 'TOO_MANY_REFUSALS';
  readonly retriable = true;
}

const NOTHING: InsertResult = { stored: 0, duplicates: 0, deadLettered: 0, erased: 0, replayed: 0, redelivered: 0 };

function add(a: InsertResult, b: InsertResult): InsertResult {
  return {
    stored: a.stored + b.stored,
    duplicates: a.duplicates + b.duplicates,
    deadLettered: a.deadLettered + b.deadLettered,
    erased: a.erased + b.erased,
    replayed: a.replayed + b.replayed,
    redelivered: a.redelivered + b.redelivered,
  };
}

interface PlacedLetter {
  readonly partition: number;
  readonly offset: number;
  readonly replay?: Replay | undefined;
  readonly letter: NewDeadLetter;
}

/** A topic full of garbage must not fill the disk with lines about it. */
const MAX_LETTER_LINES = 10;

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

/**
 * Makes every record durable as exactly one of: a stored event, a counted duplicate, a dead letter, an erased one. Rejects when the
 * database is away; nothing is lost then, the same records come again.
 */
@Injectable()
export class PersistEventsHandler {
  /** Of everything since the start. A batch that fails half-way counts with what was committed. */
  readonly totals = { stored: 0, duplicates: 0, deadLettered: 0, erased: 0, replayed: 0, redelivered: 0 };
  private readonly guard = new RefusalGuard();
  private stopped = false;
  private failedAt: number | undefined;
  /** Partitions whose log seemed to be made anew at the last try. */
  private readonly suspects = new Set<number>();

  constructor(
    private readonly consumer: EventConsumer,
    private readonly store: EventStore,
    private readonly logger: PinoLogger,
  ) {}

  /** The database refuses so much that nothing goes on until somebody has looked; see RefusalGuard. */
  get refusesToGoOn(): boolean {
    return this.stopped;
  }

  /** On the clock of `performance`: when PostgreSQL last could not store a batch; undefined since one succeeded. */
  get unavailableAt(): number | undefined {
    return this.failedAt;
  }

  async handle(batches: readonly PartitionBatch[]): Promise<readonly HeldPartition[]> {
    const { outcomes, held } = decide(batches);
    try {
      const result = await this.insertOrSplit(outcomes, batches);
      this.suspects.clear();
      this.stopped = false;
      this.failedAt = undefined;
      this.report(batches, outcomes, result);
      return held;
    } catch (error) {
      if (error instanceof StoreUnavailableError) this.failedAt = performance.now();
      if (!(error instanceof LogRecreatedError)) throw error;
      return this.withoutRecreated(batches, error);
    }
  }

  /**
   * A partition whose log was made anew stays where it is; the others go on. Judged at the second fetch only: a member
   * that was frozen knows an old end of the log, and the new owner of the partition may be past it.
   */
  private async withoutRecreated(
    batches: readonly PartitionBatch[],
    error: LogRecreatedError,
  ): Promise<readonly HeldPartition[]> {
    const { partition } = error;
    if (!this.suspects.has(partition)) {
      this.suspects.add(partition);
      throw error;
    }
    const offset = batches.find((batch) => batch.partition === partition)?.records[0]?.offset ?? 0;
    const rest = batches.filter((batch) => batch.partition !== partition);
    const held = rest.length > 0 ? await this.handle(rest) : [];
    this.suspects.add(partition);
    return [{ partition, offset, reason: error.message }, ...held];
  }

  /** Inserts all, or halves the batch until it is small enough, or what the database refuses is alone, and a dead letter. */
  private async insertOrSplit(
    outcomes: readonly RecordOutcome[],
    batches: readonly PartitionBatch[],
  ): Promise<InsertResult> {
    const [first] = outcomes;
    if (first === undefined) return NOTHING;
    try {
      return await this.insert(outcomes, batches);
    } catch (error) {
      const refused = error instanceof StoreRefusedError;
      if (!refused && !(error instanceof BatchTooLargeError)) throw error;
      if (outcomes.length === 1) {
        if (!refused) throw error;
        return this.insertRefused(first, error, batches);
      }
      const middle = outcomes.length >> 1;
      const left = await this.insertOrSplit(outcomes.slice(0, middle), batches);
      return add(left, await this.insertOrSplit(outcomes.slice(middle), batches));
    }
  }

  private async insert(outcomes: readonly RecordOutcome[], batches: readonly PartitionBatch[]): Promise<InsertResult> {
    const { group, logName: topic } = this.consumer;
    const logEnds = new Map(batches.map(({ partition, logEnd }) => [partition, logEnd]));
    const result = await this.store.insert({ group, topic, outcomes, logEnds });
    this.guard.record(result.stored, false);
    this.totals.stored += result.stored;
    this.totals.duplicates += result.duplicates;
    this.totals.deadLettered += result.deadLettered;
    this.totals.erased += result.erased;
    this.totals.replayed += result.replayed;
    this.totals.redelivered += result.redelivered;
    return result;
  }

  private async insertRefused(
    outcome: RecordOutcome,
    error: StoreRefusedError,
    batches: readonly PartitionBatch[],
  ): Promise<InsertResult> {
    const { partition, offset, replay } = outcome;
    if (outcome.kind === 'dead-letter') throw error; // nothing smaller is left to try
    const record = recordAt(batches, partition, offset);
    const event = readAnew(record);
    if (event.data !== outcome.event.data) return this.insertOrSplit([{ ...outcome, event }], batches);
    // Who replays what the database refuses still must not stop the events of everybody else; the letter exists already.
    if (replay === undefined) this.guardAgainst(error);
    const letter = deadLetterOf(record, 'store', error);
    const result = await this.insert([{ partition, offset, replay, kind: 'dead-letter', letter }], batches);
    this.reportLetter({ partition, offset, replay, letter });
    return result;
  }

  private guardAgainst(error: StoreRefusedError): void {
    if (this.guard.exhausted) {
      this.stopped = true;
      throw new TooManyRefusalsError('The database refuses more than 5 % of the last 1000 events.', { cause: error });
    }
    this.guard.record(1, true);
  }

  private report(batches: readonly PartitionBatch[], outcomes: readonly RecordOutcome[], result: InsertResult): void {
    const letters = outcomes.filter((outcome) => outcome.kind === 'dead-letter');
    for (const letter of letters.slice(0, MAX_LETTER_LINES)) this.reportLetter(letter);
    if (letters.length > MAX_LETTER_LINES) {
      this.logger.warn({ dead_letters: letters.length }, 'Most records of a batch that are dead letters have no line.');
    }
    const { replayed } = result;
    if (replayed > 0) this.logger.info({ replayed }, 'Dead letters are stored as events now.');
    if (!this.logger.logger.isLevelEnabled('debug')) return;
    const partitions = batches.map(({ partition }) => partition);
    this.logger.debug({ ...result, partitions, request_ids: requestIds(batches) }, 'A batch is stored.');
  }

  private reportLetter({ partition, offset, replay, letter }: PlacedLetter): void {
    // Without its detail: that names members, of which clients choose the names, and a log line cannot be erased.
    const { reason, headers } = letter;
    const replay_of = replay?.letterId;
    const line = { partition, offset, reason, request_id: headerText(headers, 'request_id'), replay_of };
    this.logger.warn(line, 'A record is a dead letter.');
  }
}

function recordAt(batches: readonly PartitionBatch[], partition: number, offset: number): LogRecord {
  const batch = batches.find((candidate) => candidate.partition === partition);
  const record = batch?.records.find((candidate) => candidate.offset === offset);
  if (record === undefined) throw new Error(`The batch has no record ${partition}/${offset}.`);
  return record;
}
