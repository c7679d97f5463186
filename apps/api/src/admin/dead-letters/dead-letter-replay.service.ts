import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import {
  EventPublisher,
  headerText,
  PublishUnconfirmedError,
  RecordsRefusedError,
  type EventRecord,
} from '@app/messaging';
import { DeadLetters, type LetterRange, type StoredDeadLetter } from '@app/persistence';
import { problems, ProblemError } from '../../transport/problem';
import type { ReplayOrder } from './dead-letter-order.convert';
import { findLetter } from './find-letter';
import { ReplayRecords } from './replay-records';
import { TimeSlice } from './time-slice';

/** What became of an order to replay. */
interface ReplayOutcome {
  readonly matched: number;
  /** Put on the log again; what becomes of them there is told by the letters. */
  readonly replayed: number;
  /** What is left when the time of one request was over. */
  readonly rest: LetterRange | undefined;
}

/** Ids in one look at the database, letters and their bytes in one call of the log. */
const PAGE_LETTERS = 1000;
const CALL_LETTERS = 200;
const CALL_BYTES = 4 * 1024 * 1024;
/** A request answers before clients and proxies lose patience, and before a process that stops does. */
const REQUEST_MS = 20_000;

/** Puts dead letters on the log again. */
@Injectable()
export class DeadLetterReplayService {
  constructor(
    private readonly letters: DeadLetters,
    private readonly records: ReplayRecords,
    private readonly publisher: EventPublisher,
    private readonly logger: PinoLogger,
  ) {}

  /**
   * Resolves once the log has it. False when its door refuses it still. Any number of times: its event is stored once.
   *
   * @throws {ProblemError} 404; 422 when it was discarded; 503 when the log does not confirm: doing it again is safe.
   */
  async one(projectId: number, id: string): Promise<boolean> {
    const letter = await findLetter(this.letters, projectId, id);
    if (letter.status === 'discarded') {
      const error = { field: 'id', code: 'conflict', message: 'is of a letter that was discarded: its bytes are gone' };
      throw new ProblemError(problems.invalid('There is nothing left to replay.', [error]));
    }
    const replayed = await this.append([letter], { matched: 1, replayed: 0 });
    this.told({ matched: 1, replayed, rest: undefined }, projectId);
    return replayed === 1;
  }

  /**
   * The open letters of a filter, oldest first, none that comes meanwhile. Stops when the time of a request is over, and
   * when `signal` says so: what is on the log by then stays there.
   *
   * @throws {ProblemError} 503 as above.
   */
  async many(projectId: number, order: ReplayOrder, signal: AbortSignal): Promise<ReplayOutcome> {
    const { filter, eventsPerSecond } = order;
    let range = order.range ?? { after: '0', through: await this.letters.lastId(projectId) };
    const matched = await this.letters.countOpen(projectId, filter, range);
    if (order.dryRun) return { matched, replayed: 0, rest: undefined };
    const slice = new TimeSlice(eventsPerSecond, REQUEST_MS, signal);
    let replayed = 0;
    for (;;) {
      const page = await this.letters.open(projectId, filter, range, PAGE_LETTERS);
      if (page.length === 0) return this.told({ matched, replayed, rest: undefined }, projectId);
      for (const ids of inCalls(page, eventsPerSecond)) {
        if (!(await slice.take(ids.length))) return this.told({ matched, replayed, rest: range }, projectId);
        const letters = await this.letters.some(projectId, ids);
        const open = letters.filter(({ status }) => status === 'open');
        replayed += await this.append(open, { matched, replayed });
        range = { ...range, after: ids.at(-1) ?? range.through };
      }
    }
  }

  private told(outcome: ReplayOutcome, projectId: number): ReplayOutcome {
    const { matched, replayed } = outcome;
    if (replayed > 0) this.logger.info({ matched, replayed, project: projectId }, 'Dead letters are on the log again.');
    return outcome;
  }

  /** @returns how many are on the log; the others are refused by their doors or by the log. */
  private async append(
    letters: readonly StoredDeadLetter[],
    soFar: { matched: number; replayed: number },
  ): Promise<number> {
    const records: EventRecord[] = [];
    for (const letter of letters) {
      const record = await this.records.of(letter);
      if (record !== undefined) records.push(record);
    }
    try {
      return await this.put(records);
    } catch (error) {
      if (!(error instanceof PublishUnconfirmedError)) throw error;
      throw new ProblemError(unconfirmed(soFar), { cause: error });
    }
  }

  /** What the log refuses stops nothing else: its header `replay_of` may have made a record too large for it. */
  private async put(records: readonly EventRecord[]): Promise<number> {
    try {
      await this.publisher.append(records);
      return records.length;
    } catch (error) {
      if (!(error instanceof RecordsRefusedError)) throw error;
      const [first, ...others] = records;
      if (first !== undefined && others.length === 0) {
        const letter = headerText(first.headers, 'replay_of');
        this.logger.warn({ error, letter }, 'The log refuses a dead letter, which stays open.');
        return 0;
      }
    }
    let put = 0;
    for (const record of records) put += await this.put([record]);
    return put;
  }
}

function inCalls(page: readonly { id: string; bytes: number }[], eventsPerSecond: number): string[][] {
  // A tenth of a second's worth at most, so that a low rate is a stream and no bursts.
  const limit = Math.min(CALL_LETTERS, Math.max(1, Math.floor(eventsPerSecond / 10)));
  const calls: string[][] = [];
  let bytesInCall = Infinity;
  for (const { id, bytes } of page) {
    const call = calls.at(-1);
    if (call === undefined || call.length === limit || bytesInCall + bytes > CALL_BYTES) {
      calls.push([id]);
      bytesInCall = bytes;
    } else {
      call.push(id);
      bytesInCall += bytes;
    }
  }
  return calls;
}

function unconfirmed({ matched, replayed }: { matched: number; replayed: number }): ProblemError['problem'] {
  return {
    status: 503,
    code: 'unconfirmed',
    title: 'The replay is not confirmed',
    detail: `The event log did not confirm in time. ${replayed} of ${matched} letters are on it. Replay again: no event is stored twice.`,
    headers: { 'Retry-After': '2' },
  };
}
