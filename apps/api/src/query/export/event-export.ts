import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { PinoLogger } from 'nestjs-pino';
import { EventReader, type EventFilter, type EventPlace, type PageBounds, type StoredEvent } from '@app/persistence';
import { principalOf } from '../../transport/auth/api-key.guard';
import { requestIdOf } from '../../transport/request-id';
import { UntilGone } from '../../transport/until-gone';
import { ExportSlots } from './export-slots';
import { writePaced } from './write-paced';

/** How events are written. */
export interface ExportForm {
  readonly extension: 'csv' | 'ndjson';
  readonly contentType: string;
  readonly header: string;
  readonly line: (event: StoredEvent) => string;
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
   * takes what has come for the whole.
   *
   * @throws {ProblemError} 429 when too many exports run.
   */
  async send(request: Request, response: Response, filter: EventFilter, form: ExportForm): Promise<void> {
    const { projectId } = principalOf(request);
    const leave = this.slots.enter(projectId);
    const signal = this.untilGone.signalOf(request);
    try {
      const pieces = this.pieces(projectId, { filter, signal }, form);
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
    wanted: Pick<PageBounds, 'filter' | 'signal'>,
    { header, line }: ExportForm,
  ): AsyncGenerator<string> {
    let text = header;
    let limit = PAGE_EVENTS;
    let before: EventPlace | undefined;
    do {
      const page = await this.reader.newest(projectId, { ...wanted, limit, maxBytes: PAGE_BYTES, before });
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
