import { isObject, JsonText, membersOf } from '@app/events';
import { problems, ProblemError } from '../../transport/problem';
import { MAX_BODY_BYTES } from '../../transport/request-body';
import type { SegmentType } from './segment-types';

/** Far more than fit into a body of events that say something; a bound for the dead letters that one body can make. */
const MAX_MESSAGES = 25_000;
/**
 * What the shared members of a batch may come to when each message has its own copy. Libraries send 500 kB at most: 300
 * messages with a context of 20 kB, 3000 with one of 2 kB.
 */
const MAX_COPIES_BYTES = 8 * 1024 * 1024;
/** An instant takes half of it. */
const MAX_SENT_AT = 64;

/** What the messages of a body share. */
export interface SharedMembers {
  /** By the route; undefined in a batch, whose messages tell it themselves. */
  readonly type: SegmentType | undefined;
  readonly sentAt: string | undefined;
  readonly context: unknown;
  readonly integrations: unknown;
}

/** A body of the API: what is in it, and the text that it was read from. */
export interface SegmentBatch {
  readonly messages: readonly unknown[];
  readonly shared: SharedMembers;
  /** Of the text of the shared context and integrations; each message has a copy of it in what is sent on. */
  readonly sharedBytes: number;
  readonly text: string;
  readonly json: JsonText;
}

const NOTHING = { sentAt: undefined, context: undefined, integrations: undefined };

/** A body with one message; it shares nothing with others. */
function single(body: unknown, text: string, type: SegmentType): SegmentBatch {
  return { messages: [body], shared: { type, ...NOTHING }, sharedBytes: 0, text, json: new JsonText(text) };
}

/** The `sentAt` of a batch; undefined where it can be no time. */
export function readSentAt(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= MAX_SENT_AT ? value : undefined;
}

const SHARED: ReadonlySet<string> = new Set(['context', 'integrations']);

/**
 * By the text, of which dead letters keep every space. Never by writing the values anew: they may be nested deeper than
 * `JSON.stringify` can go.
 */
function sharedBytesOf(text: string, { context, integrations }: SharedMembers): number {
  if (context === undefined && integrations === undefined) return 0;
  const spans = [...membersOf(text, SHARED).values()];
  return spans.reduce((sum, { start, end }) => sum + Buffer.byteLength(text.slice(start, end)), 0);
}

/** What is said once for all would be kept once for each: a small body must not become a large one. */
function checkGrowth(messages: number, sharedBytes: number): void {
  const detail =
    messages > MAX_MESSAGES
      ? `A batch may have at most ${MAX_MESSAGES} messages.`
      : `"context" and "integrations" of a batch, once for each message, may be at most ${MAX_COPIES_BYTES} bytes.`;
  if (messages > MAX_MESSAGES || sharedBytes * messages > MAX_COPIES_BYTES) {
    throw new ProblemError({ ...problems.tooLarge(MAX_BODY_BYTES), detail });
  }
}

/**
 * Reads a parsed body. In a batch `context` and `integrations` stand for those of every message.
 *
 * @param route what the path takes.
 * @throws {ProblemError} 400 when it is no batch where one belongs, 413 for too many messages.
 */
export function toSegmentBatch(body: unknown, text: string, route: SegmentType | 'batch'): SegmentBatch {
  if (route !== 'batch') return single(body, text, route);
  const messages = isObject(body) ? body['batch'] : undefined;
  if (!isObject(body) || !Array.isArray(messages)) {
    throw new ProblemError(problems.malformed('The body needs an array "batch".'));
  }
  const { sentAt, context, integrations } = body;
  const shared = { type: undefined, sentAt: readSentAt(sentAt), context, integrations };
  const sharedBytes = sharedBytesOf(text, shared);
  checkGrowth(messages.length, sharedBytes);
  return { messages, shared, sharedBytes, text, json: new JsonText(text) };
}
