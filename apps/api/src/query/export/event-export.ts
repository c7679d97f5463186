import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { PinoLogger } from 'nestjs-pino';
import { EventReader, type EventFilter, type EventPage, type EventPlace, type StoredEvent } from '@app/persistence';
import { principalOf } from '../../transport/auth/api-key.guard';
import { requestIdOf } from '../../transport/request-id';
import { UntilGone } from '../../transport/until-gone';
import { ExportSlots } from './export-slots';
import { onceReadable } from './once-readable';
import { writePaced } from './write-paced';

/** How events are written. */
export interface ExportForm {
  readonly extension: 'csv' | 'ndjson';
  readonly contentType: string;
  readonly header: string;
  readonly line: (event: StoredEvent) => string;
}

interface Wanted {
  readonly filter: EventFilter;
  readonly signal: AbortSignal;
  readonly onWait: (error: Error) => void;
}

/**
 * In memory at a time. An event of 400 bytes costs this process 20 µs of CPU with pages of 200, 26 with pages of 60; and 200,000
 * of them 4 MB of memory, where the heap has little room for garbage.
 */
const PAGE_EVENTS = 200;
const PAGE_BYTES = 1 << 18;
/** Of a page that its bytes have cut, PostgreSQL has measured all: the next one asks for little more than fits. */
const FEWEST_EVENTS = 16;
/** A place of the few there are is not kept for a reader that takes nothing for so long. */
const STALL_MS = 60_000;
/** Nor for pages that cannot be read for so long: a file of old events comes from a bucket in seconds. */
const UNREADABLE_MS = 300_000;
const FIRST_PAUSE_MS = 250;

/**
 * Streams the events of a list, page by page in its order and with its promises: rows stored meanwhile neither shift nor
 * repeat what is to come. No transaction is open for longer than a page.
 */
@Injectable()
export class EventExport {
  private readonly slots = new ExportSlots();

  constructor(
    private readonly reader: EventReader,
    private readonly untilGone: UntilGone,
    private readonly logger: PinoLogger,
  ) {}

  /**
   * Answers the request. What fails before the first byte is thrown; afterwards the connection is broken off, so that nobody
   * takes what has come for the whole: but old events that cannot be read now are waited for.
   *
   * @throws {ProblemError} 429 when too many exports run.
   */
  async send(request: Request, response: Response, filter: EventFilter, form: ExportForm): Promise<void> {
    const { projectId } = principalOf(request);
    const leave = this.slots.enter(projectId);
    const signal = this.untilGone.signalOf(request);
    try {
      const onWait = (error: Error): void => {
        this.logger.warn({ error, request_id: requestIdOf(request) }, 'An export waits for old events.');
      };
      const pieces = this.pieces(projectId, { filter, signal, onWait }, form);
      const first = await pieces.next();
      response.writeHead(200, headersOf(form, new Date()));
      if (request.method !== 'HEAD') {
        await writePaced(withFirst(first, pieces), response, { signal, stallMs: STALL_MS });
      }
      response.end();
    } catch (error) {
      if (!response.headersSent) throw error;
      // A reset: with a mere end, HTTP/1.0 would know nothing of what is missing.
      response.socket?.resetAndDestroy();
      if (signal.aborted) return;
      this.logger.warn({ error, request_id: requestIdOf(request) }, 'An export was broken off.');
    } finally {
      leave();
    }
  }

  /** The text of each page, the header in front. */
  private async *pieces(
    projectId: number,
    { filter, signal, onWait }: Wanted,
    { header, line }: ExportForm,
  ): AsyncGenerator<string> {
    const patience = { signal, onWait, longestMs: UNREADABLE_MS, pauseMs: FIRST_PAUSE_MS };
    let text = header;
    let limit = PAGE_EVENTS;
    let before: EventPlace | undefined;
    do {
      const bounds = { filter, signal, limit, maxBytes: PAGE_BYTES, before };
      const read = (): Promise<EventPage> => this.reader.newest(projectId, bounds);
      // The first one has its answer, whatever it is: the client can ask again, and loses nothing.
      const page = await (before === undefined ? read() : onceReadable(read, patience));
      for (const event of page.events) text += line(event);
      yield text;
      text = '';
      limit = Math.min(PAGE_EVENTS, Math.max(FEWEST_EVENTS, 2 * page.events.length));
      before = page.next;
    } while (before !== undefined);
  }
}

async function* withFirst(first: IteratorResult<string>, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  if (first.done !== true) yield first.value;
  yield* rest;
}

function headersOf({ extension, contentType }: ExportForm, now: Date): Record<string, string> {
  const time = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  return {
    'Content-Type': contentType,
    'Content-Disposition': `attachment; filename="millrace-events-${time}Z.${extension}"`,
    'Cache-Control': 'no-store',
  };
}
