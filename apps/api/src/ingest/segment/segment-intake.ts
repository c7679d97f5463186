import { Injectable } from '@nestjs/common';
import { segmentEventId, uuidV7, type FieldError, type ParsedEvent } from '@app/events';
import type { RefusedValue } from '@app/messaging';
import { IngestService, IngestUnconfirmedError, type Sender } from '../ingest.service';
import { fromSegmentMessage } from './event.convert';
import { MessageSource } from './message-source';
import { RefusedMessages } from './refused-message';
import type { SegmentBatch } from './segment-batch';

/** Sent on together; what a body has beyond it follows when these are confirmed. */
const MESSAGES_AT_ONCE = 1000;
/** What their shared members may add to a portion; the messages' own text is of one body, and so within 5 MiB. */
const SHARED_BYTES_AT_ONCE = 1024 * 1024;
/** Segment's libraries give up on an answer after 10 s and send it all again. */
const PATIENCE_MS = 9000;
const MAX_DETAIL = 1000;

/** Events of a batch from `from` on, in order. */
interface Portion {
  readonly from: number;
  readonly parsed: readonly ParsedEvent[];
}

function detailOf(errors: readonly FieldError[]): string {
  const detail = errors.map(({ field, message }) => `${field === '' ? 'the message' : field} ${message}`).join('; ');
  return detail.slice(0, MAX_DETAIL).toWellFormed();
}

function eventIdOf(message: unknown): string {
  const messageId = (message as { readonly messageId?: unknown } | null)?.messageId;
  return typeof messageId === 'string' && messageId !== '' ? segmentEventId(messageId) : uuidV7();
}

/** How many messages make a portion. */
function portionOf({ sharedBytes }: SegmentBatch): number {
  const fitting = Math.floor(SHARED_BYTES_AT_ONCE / Math.max(1, sharedBytes));
  return Math.min(MESSAGES_AT_ONCE, Math.max(1, fitting));
}

/** Takes what is good of a batch and keeps the rest as dead letters. */
@Injectable()
export class SegmentIntake {
  constructor(private readonly ingest: IngestService) {}

  /**
   * Resolves once the log has every message, as an event or as refused.
   *
   * @throws {IngestUnconfirmedError} unknown outcome, within 9 s.
   */
  async take(batch: SegmentBatch, sender: Sender): Promise<void> {
    const over = new AbortController();
    const late = new Promise<never>((_, reject) => {
      const timer = setTimeout(() => {
        reject(new IngestUnconfirmedError([], { cause: new Error('The log took too long.') }));
      }, PATIENCE_MS);
      over.signal.addEventListener('abort', () => {
        clearTimeout(timer);
      });
    });
    try {
      await Promise.race([this.takeAll(batch, sender, over.signal), late]);
    } finally {
      over.abort();
    }
  }

  private async takeAll(batch: SegmentBatch, sender: Sender, over: AbortSignal): Promise<void> {
    const receivedAt = new Date();
    const kept = new RefusedMessages(batch, receivedAt);
    const step = portionOf(batch);
    for (let from = 0; from < batch.messages.length && !over.aborted; from += step) {
      const portion = this.read(batch, [from, from + step], { receivedAt, projectId: sender.principal.projectId });
      const refused = this.refusedOf(portion, batch, kept, sender);
      // These first: when the log has them and not the others, sending all again makes a dead letter twice, not an event.
      if (refused.length > 0) await this.ingest.refuse(refused, sender);
      const good = portion.parsed.filter((parsed) => parsed.ok);
      if (good.length > 0) await this.ingest.accept(good, { ...sender, atomic: false });
    }
  }

  private read(
    batch: SegmentBatch,
    [from, to]: readonly [from: number, to: number],
    arrival: { receivedAt: Date; projectId: number },
  ): Portion {
    const { shared, json } = batch;
    const parsed = batch.messages.slice(from, to).map((message, index) => {
      const place = shared.type === undefined ? ['batch', from + index] : [];
      const source = { json: new MessageSource(json, place), path: [] };
      return fromSegmentMessage(message, { ...arrival, source, shared });
    });
    return { from, parsed };
  }

  private refusedOf(
    portion: Portion,
    batch: SegmentBatch,
    kept: RefusedMessages,
    { principal }: Sender,
  ): RefusedValue[] {
    return portion.parsed.flatMap((parsed, index) => {
      if (parsed.ok) return [];
      const place = portion.from + index;
      const eventId = eventIdOf(batch.messages[place]);
      const origin = { projectId: principal.projectId, door: 'segment', reason: 'INVALID', eventId };
      return [{ ...origin, detail: detailOf(parsed.errors), value: kept.value(place, eventId) }];
    });
  }
}
