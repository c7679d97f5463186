import type { WaitedOutcome } from '@app/persistence';
import { toEventDto, type EventDto } from '../../query/event.convert';
import { problems, ProblemError, type ProblemDetail } from '../../transport/problem';
import type { IngestOutcome } from '../ingest.service';
import type { SettledEvents } from '../waiting/stored-events';
import type { IngestAnswer } from './ingest-answer';

/**
 * The answer to a request that has waited until all of its events were settled: 201, or 200 when every one of them was
 * there before. An event that has become a dead letter counts as rejected, and keeps its id: it can be traced by it.
 *
 * @throws {ProblemError} 422 when none is stored.
 */
export function toStoredAnswer(outcome: IngestOutcome, settled: SettledEvents, batch: boolean): IngestAnswer {
  const dead = deadLetters(outcome, settled);
  if (settled.rows.size === 0) throw refusal(outcome, dead, batch);
  const status = byRequest(settled) ? 201 : 200;
  const data = outcome.eventIds.map((eventId) => rowOf(settled, eventId));
  if (!batch) return { status, body: data[0] ?? {} };
  const accepted = data.filter((row) => row !== null).length;
  const errors = [...outcome.errors, ...dead].sort((a, b) => a.index - b.index);
  const body = { accepted, rejected: data.length - accepted, event_ids: outcome.eventIds, errors, data };
  return { status, body };
}

interface IndexedDetail extends ProblemDetail {
  readonly index: number;
}

function deadLetters({ eventIds }: IngestOutcome, { outcomes }: SettledEvents): IndexedDetail[] {
  return eventIds.flatMap((eventId, index) => {
    const known = eventId === null ? undefined : outcomes.get(eventId);
    return known?.kind === 'dead-letter' ? [{ index, ...detailOf(known) }] : [];
  });
}

function detailOf({ reason, detail }: Extract<WaitedOutcome, { kind: 'dead-letter' }>): ProblemDetail {
  return { field: '', code: 'dead_lettered', message: `is a dead letter: ${reason}, ${detail}` };
}

function refusal(outcome: IngestOutcome, dead: readonly IndexedDetail[], batch: boolean): ProblemError {
  const errors = [...outcome.errors, ...dead].sort((a, b) => a.index - b.index);
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
