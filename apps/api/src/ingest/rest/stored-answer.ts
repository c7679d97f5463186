import type { WaitedOutcome } from '@app/persistence';
import { toEventDto, type EventDto } from '../../query/event.convert';
import { problems, ProblemError, type ProblemDetail } from '../../transport/problem';
import type { IngestOutcome } from '../ingest.service';
import type { SettledEvents } from '../waiting/stored-events';
import type { IngestAnswer } from './ingest-answer';

/**
 * The answer to a request that has waited until all of its events were settled: 201, or 200 when every one of them was
 * there before. An event that has become a dead letter, or whose user was erased, counts as rejected, and keeps its id:
 * it can be traced by it. 202 when none is stored, and one is of an erased user.
 *
 * @throws {ProblemError} 422 when none is stored otherwise.
 */
export function toStoredAnswer(outcome: IngestOutcome, settled: SettledEvents, batch: boolean): IngestAnswer {
  const lost = notStored(outcome, settled);
  if (settled.rows.size === 0) {
    if (!lost.some(({ code }) => code === ERASED)) throw refusal(outcome, lost, batch);
    return { status: 202, body: batch ? erasedBody(outcome, lost) : { event_id: outcome.eventIds[0], status: ERASED } };
  }
  const status = byRequest(settled) ? 201 : 200;
  const data = outcome.eventIds.map((eventId) => rowOf(settled, eventId));
  if (!batch) return { status, body: data[0] ?? {} };
  const accepted = data.filter((row) => row !== null).length;
  const errors = inOrder(outcome, lost);
  const body = { accepted, rejected: data.length - accepted, event_ids: outcome.eventIds, errors, data };
  return { status, body };
}

/** Code and status. */
const ERASED = 'erased';

interface IndexedDetail extends ProblemDetail {
  readonly index: number;
}

function notStored({ eventIds }: IngestOutcome, { outcomes }: SettledEvents): IndexedDetail[] {
  return eventIds.flatMap((eventId, index) => {
    const known = eventId === null ? undefined : outcomes.get(eventId);
    return known === undefined || known.kind === 'stored' ? [] : [{ index, ...detailOf(known) }];
  });
}

function detailOf(known: Exclude<WaitedOutcome, { kind: 'stored' }>): ProblemDetail {
  if (known.kind === 'erased') return { field: '', code: ERASED, message: 'is of a user who was erased' };
  const { reason, detail } = known;
  return { field: '', code: 'dead_lettered', message: `is a dead letter: ${reason}, ${detail}` };
}

function erasedBody({ eventIds, ...outcome }: IngestOutcome, lost: readonly IndexedDetail[]): object {
  const errors = inOrder(outcome, lost);
  return { accepted: 0, rejected: eventIds.length, event_ids: eventIds, errors };
}

function inOrder({ errors }: Pick<IngestOutcome, 'errors'>, lost: readonly IndexedDetail[]): readonly IndexedDetail[] {
  return [...errors, ...lost].sort((a, b) => a.index - b.index);
}

function refusal(outcome: IngestOutcome, lost: readonly IndexedDetail[], batch: boolean): ProblemError {
  const errors = inOrder(outcome, lost);
  const detail = 'What was accepted could not be stored, and is a dead letter.';
  const shown = batch ? errors : errors.map(({ field, code, message }) => ({ field, code, message }));
  return new ProblemError({ ...problems.invalid(detail, shown), event_ids: outcome.eventIds });
}

function byRequest({ outcomes }: SettledEvents): boolean {
  return [...outcomes.values()].some((known) => known.kind === 'stored' && known.byRequest);
}

function rowOf({ rows }: SettledEvents, eventId: string | null): EventDto | null {
  const row = eventId === null ? undefined : rows.get(eventId);
  return row === undefined ? null : toEventDto(row);
}
