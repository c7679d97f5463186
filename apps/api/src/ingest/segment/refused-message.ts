import type { SegmentBatch } from './segment-batch';
import { spansOf, type Span } from './json-spans';

/** A record has to fit into what the log takes, and what is larger than this could not become an event anyway. */
const MAX_KEPT_BYTES = 700_000;
/** What is left of a larger one. */
const REST_CHARACTERS = 200_000;

function last(spans: readonly Span[], key: string): Span | undefined {
  return spans.findLast((span) => span.key === key);
}

/** The object's text without its members `writeKey`, nor those of a `context` in it; other values as they are. */
function withoutWriteKey(json: string, nested = true): string {
  const spans = spansOf(json);
  if (!spans.some(({ key }) => key === 'writeKey' || key === 'context')) return json;
  const kept = spans.filter(({ key }) => key !== 'writeKey');
  const members = kept.map(({ key, from, start, end }) => {
    const value = json.slice(start, end);
    return json.slice(from, start) + (key === 'context' && nested ? withoutWriteKey(value, false) : value);
  });
  return `{${members.join(',')}}`;
}

/** The members that all messages of a batch share, in the words of its text. */
function sharedText(text: string, body: readonly Span[]): string {
  const spans = ['sentAt', 'context', 'integrations'].flatMap((key) => last(body, key) ?? []);
  return spans.map(({ key, start, end }) => `"${key}":${withoutWriteKey(text.slice(start, end), false)},`).join('');
}

/**
 * Writes refused messages as dead letters keep them: the text that the client sent, since numbers that no double holds
 * do not survive being read, in a body that `segmentEventOf` and `POST /v1/batch` read. The write key is left out.
 */
export class RefusedMessages {
  private texts: { readonly shared: string; readonly messages: readonly string[] } | undefined;

  constructor(
    private readonly batch: SegmentBatch,
    private readonly arrivedAt: Date,
  ) {}

  /** @param eventId that the event would have had. */
  value(index: number, eventId: string): Buffer {
    const { shared, messages } = (this.texts ??= this.cut());
    const { type } = this.batch.shared;
    const head = `{"receivedAt":"${this.arrivedAt.toISOString()}","eventId":"${eventId}",`;
    const typed = type === undefined ? head : `${head}"type":"${type}",`;
    const message = withoutWriteKey(messages[index] ?? 'null');
    const value = Buffer.from(`${typed}${shared}"batch":[${message}]}`);
    if (value.length <= MAX_KEPT_BYTES) return value;
    return Buffer.from(`${typed}"truncated":${JSON.stringify(message.slice(0, REST_CHARACTERS))}}`);
  }

  /** Once for all that are refused: the text is walked through from its beginning. */
  private cut(): { shared: string; messages: readonly string[] } {
    const { text, shared } = this.batch;
    if (shared.type !== undefined) return { shared: '', messages: [text] };
    const body = spansOf(text);
    const list = last(body, 'batch');
    const messages = list === undefined ? [] : spansOf(text, list.start);
    return { shared: sharedText(text, body), messages: messages.map(({ start, end }) => text.slice(start, end)) };
  }
}
