import { isObject, JsonText } from '@app/events';
import { problems, ProblemError } from '../../transport/problem';
import { MAX_BODY_BYTES } from '../../transport/request-body';
import type { SegmentType } from './segment-types';

/** Far more than fit into a body of events that say something; a bound for the dead letters that one body can make. */
const MAX_MESSAGES = 25_000;

/** What the messages of a body share. */
export interface SharedMembers {
  /** By the route; undefined in a batch, whose messages tell it themselves. */
  readonly type: SegmentType | undefined;
  readonly sentAt: unknown;
  readonly context: unknown;
  readonly integrations: unknown;
}

/** A body of the API: what is in it, and the text that it was read from. */
export interface SegmentBatch {
  readonly messages: readonly unknown[];
  readonly shared: SharedMembers;
  readonly text: string;
  readonly json: JsonText;
}

const NOTHING = { sentAt: undefined, context: undefined, integrations: undefined };

/** A body with one message; it shares nothing with others. */
function single(body: unknown, text: string, type: SegmentType): SegmentBatch {
  return { messages: [body], shared: { type, ...NOTHING }, text, json: new JsonText(text) };
}

/** What is said once for all would be kept once for each: a small body must not become a large one. */
function checkGrowth(messages: readonly unknown[], shared: readonly unknown[]): void {
  const bytes = shared.reduce<number>(
    (sum, value) => sum + (value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value))),
    0,
  );
  if (messages.length > MAX_MESSAGES || bytes * messages.length > MAX_BODY_BYTES) {
    throw new ProblemError(problems.tooLarge(MAX_BODY_BYTES));
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
  checkGrowth(messages, [context, integrations]);
  return { messages, shared: { type: undefined, sentAt, context, integrations }, text, json: new JsonText(text) };
}
