import type { StorableEvent } from './event';
import { parseRfc3339 } from './rfc3339';

/** Texts beyond it are read the other way: matching takes memory for each character. */
const MAX_LENGTH = 32_768;

/** Levels of objects and arrays in `data`; what is deeper is read the other way. */
const LEVELS = 4;

/** Nothing escaped; whether it is well formed the bytes have told. */
const TEXT = String.raw`"[^"\\\x00-\x1f]*"`;
/** Each has a double, is no wide integer and has few digits in the database. */
const NUMBER = String.raw`-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?`;
const LABEL = String.raw`[^"\\\x00-\x1f\x7f-\x9f]{1,200}`;
const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** What ends a list begins nothing else, and the first character tells what an element is: no match tries twice. */
function object(levels: number): string {
  return String.raw`\{(?:${TEXT}:${element(levels - 1)}(?:,(?=")|(?=\})))*\}`;
}

function element(levels: number): string {
  const scalar = `${TEXT}|${NUMBER}|true|false|null`;
  if (levels === 0) return `(?:${scalar})`;
  return String.raw`(?:${scalar}|${object(levels)}|\[(?:${element(levels - 1)}(?:,(?!\])|(?=\])))*\])`;
}

const CANONICAL = new RegExp(
  `^\\{"v":1,"event_id":"(${UUID})","name":"(${LABEL})"(?:,"source":"(${LABEL})")?(?:,"user_id":"(${LABEL})")?` +
    `,"occurred_at":"([^"]{24})","received_at":"([^"]{24})"(?:,"amount":(${NUMBER}))?,"data":(${object(LEVELS)})\\}$`,
);

/**
 * Reads what `encodeEvent` writes of an ordinary event without making an object of its text: every rule is in the
 * expression. 2.7 µs against 6.7 for an event of 300 bytes, on a busy machine.
 *
 * @param text of valid UTF-8. @returns undefined when anything is unusual, which need not be wrong.
 */
export function readCanonical(text: string, projectId: number): StorableEvent | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const match = CANONICAL.exec(text);
  if (match === null) return undefined;
  const [, eventId = '', name = '', source, userId, occurred = '', received = '', amount, data = ''] = match;
  const occurredMs = parseRfc3339(occurred);
  const receivedMs = parseRfc3339(received);
  if (occurredMs === undefined || receivedMs === undefined) return undefined;
  return {
    projectId,
    eventId,
    name,
    source,
    userId,
    occurredAt: new Date(occurredMs),
    receivedAt: new Date(receivedMs),
    amount: amount === undefined ? undefined : Number(amount) + 0, // -0 is 0
    data,
    context: undefined,
  };
}
