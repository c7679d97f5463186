import { visitSpans } from '@app/events';
import type { ConvertedRow } from './event-row.convert';

/** What exports have besides, and a new acceptance sets anew. */
const LEFT_OUT: ReadonlySet<string | undefined> = new Set(['received_at', 'stored_at', 'context']);

/**
 * Writes a line of NDJSON as the JSON text of a native event: every value as it is written, since parsing and writing a
 * number again could change a digit. Only what would keep the text from being one is checked here.
 *
 * @param eventIdOfLine gives the id of an event that brings none; called for such events only.
 */
export function eventJsonFromLine(line: string, eventIdOfLine: () => string): ConvertedRow {
  const text = line.replace(/^\ufeff/, '');
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return refused('format', 'is not JSON');
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event))
    return refused('type', 'must be a JSON object');
  const members: string[] = [];
  visitSpans(text, 0, ({ key, from, end }) => {
    if (!LEFT_OUT.has(key)) members.push(text.slice(from, end));
  });
  // Behind a null that may stand there: of two, the last one counts.
  if (!('event_id' in event) || event.event_id === null) members.push(`"event_id":"${eventIdOfLine()}"`);
  return { ok: true, json: `{${members.join(',')}}` };
}

function refused(code: string, message: string): ConvertedRow {
  return { ok: false, errors: [{ field: '', code, message }] };
}
