import { membersOf, visitSpans } from '@app/events';
import type { SegmentBatch } from './segment-batch';

/** A record has to fit into what the log takes, and what is larger than this could not become an event anyway. */
const MAX_KEPT_BYTES = 700_000;
/** What is left of a larger one. */
const REST_CHARACTERS = 200_000;

/** What may hold the write key besides the message itself. */
const HOLDERS: ReadonlySet<string | undefined> = new Set(['context', 'integrations']);

/**
 * The object's text without its members `writeKey`, nor those of a `context` or `integrations` in it; of an array, that of
 * its elements. Other values as they are.
 *
 * @param levels that it goes down, itself included.
 */
function withoutWriteKey(json: string, levels = 3): string {
  // Escaped, the key can be written in other ways; nobody does.
  if (levels === 0 || !(json.includes('writeKey') || json.includes('\\u'))) return json;
  const done: { text: string; to: number; cutsLast: boolean } = { text: '', to: 0, cutsLast: false };
  visitSpans(json, 0, ({ key, from, start, end }) => {
    if (done.cutsLast) done.to = from;
    done.cutsLast = key === 'writeKey';
    if (!done.cutsLast && key !== undefined && !HOLDERS.has(key)) return;
    done.text += json.slice(done.to, done.cutsLast ? from : start);
    if (!done.cutsLast) done.text += withoutWriteKey(json.slice(start, end), levels - 1);
    done.to = end;
  });
  const kept = done.cutsLast ? done.text.trimEnd() : done.text;
  // The comma in front of the last member goes with it.
  return (done.cutsLast && kept.endsWith(',') ? kept.slice(0, -1) : kept) + json.slice(done.to);
}

const LIST: ReadonlySet<string> = new Set(['batch']);
const SHARED: ReadonlySet<string> = new Set(['context', 'integrations']);

/** The members that all messages of a batch share, in the words of its text. */
function sharedText({ text, shared: { sentAt } }: SegmentBatch): string {
  const spans = [...membersOf(text, SHARED)];
  const members = spans.map(([key, { start, end }]) => `"${key}":${withoutWriteKey(text.slice(start, end), 2)},`);
  return `${sentAt === undefined ? '' : `"sentAt":${JSON.stringify(sentAt)},`}${members.join('')}`;
}

/** The texts of its messages. */
function messageTexts(text: string): string[] {
  const list = membersOf(text, LIST).get('batch');
  const texts: string[] = [];
  if (list === undefined) return texts;
  visitSpans(text, list.start, ({ start, end }) => texts.push(text.slice(start, end)));
  return texts;
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
    return { shared: sharedText(this.batch), messages: messageTexts(text) };
  }
}
