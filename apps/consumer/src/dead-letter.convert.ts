import { isUuid } from '@app/events';
import { headerText, type LogRecord, type Refusal } from '@app/messaging';
import type { NewDeadLetter, Replay } from '@app/persistence';
import { ingestIdOf } from './ingest-id';

/** What cannot be read has no project of its own and is kept under `default`. */
const DEFAULT_PROJECT = 1;

/** Headers of foreign records may hold megabytes, and the reason goes into log lines. */
const MAX_REASON = 100;
const MAX_DETAIL = 1000;

type Verdict = Pick<NewDeadLetter, 'stage' | 'reason' | 'detail'>;

/** A record as it is kept when it cannot be stored as an event. */
export function toDeadLetter(record: LogRecord, projectId: number | undefined, verdict: Verdict): NewDeadLetter {
  const { key, value, headers, loggedAt } = record;
  return {
    projectId: projectId ?? DEFAULT_PROJECT,
    key,
    value,
    headers,
    stage: verdict.stage,
    reason: verdict.reason.slice(0, MAX_REASON),
    detail: verdict.detail.slice(0, MAX_DETAIL),
    eventId: eventIdIn(value),
    ingestId: ingestIdOf(headers),
    loggedAt,
  };
}

/** What a door could not take: nobody has tried to read it as an event, and nobody should. */
export function toRefusedLetter(record: LogRecord, projectId: number | undefined, refusal: Refusal): NewDeadLetter {
  const { reason, detail } = refusal;
  const letter = toDeadLetter(record, projectId, { stage: 'accept', reason: reason || 'REFUSED', detail });
  return { ...letter, eventId: uuidOf(refusal.eventId) };
}

const LETTER_ID = /^[1-9]\d{0,17}$/;

/** The dead letter that the record says it was; undefined for nearly every record. */
export function readReplay({ headers, value }: LogRecord): Replay | undefined {
  if (headers['replay_of'] === undefined) return undefined;
  const letterId = headerText(headers, 'replay_of') ?? '';
  return LETTER_ID.test(letterId) ? { letterId, value } : undefined;
}

/** The id that a JSON object claims, though something else in it is wrong. */
function eventIdIn(value: Buffer | null): string | undefined {
  if (value === null) return undefined;
  try {
    const parsed: unknown = JSON.parse(value.toString());
    if (typeof parsed !== 'object' || parsed === null || !('event_id' in parsed)) return undefined;
    return uuidOf(parsed.event_id);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function uuidOf(value: unknown): string | undefined {
  return typeof value === 'string' && isUuid(value) ? value.toLowerCase() : undefined;
}
