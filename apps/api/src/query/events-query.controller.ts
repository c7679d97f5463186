import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import { EventReader } from '@app/persistence';
import { principalOf, RequireScope } from '../transport/auth/api-key.guard';
import { problems, ProblemError } from '../transport/problem';
import { goneSignalOf } from '../transport/until-gone';
import { toEventDto, type EventDto, type EventPageDto } from './event.convert';
import { toEventFilter } from './event-filter.convert';
import { readEventId } from './event-id';
import { readCursor, toCursor } from './list-cursor';
import { ListEventsDto } from './list-events.dto';

/** A page ends early rather than grow beyond this: 200 events of 256 KB would have 51 MB, more with numbers written out. */
const MAX_PAGE_BYTES = 8 << 20;

/** Reads of stored events: what PostgreSQL has committed, and what was archived. */
@Controller('api/v1/events')
export class EventsQueryController {
  constructor(private readonly reader: EventReader) {}

  /** Newest first, by the time the event occurred. Rows stored meanwhile neither shift nor repeat what a cursor leads to. */
  @Get()
  @RequireScope('read')
  async list(@Req() request: Request, @Query() query: ListEventsDto): Promise<EventPageDto> {
    const { limit, cursor } = query;
    const filter = toEventFilter(query);
    const before = cursor === undefined ? undefined : readCursor(cursor, filter);
    const signal = goneSignalOf(request);
    const bounds = { limit, maxBytes: MAX_PAGE_BYTES, before, filter, signal };
    const { events, next } = await this.reader.newest(principalOf(request).projectId, bounds);
    return { data: events.map(toEventDto), next_cursor: next === undefined ? null : toCursor(next, filter) };
  }

  @Get(':event_id')
  @RequireScope('read')
  async one(@Req() request: Request, @Param('event_id') eventId: string): Promise<EventDto> {
    const event = await this.reader.one(principalOf(request).projectId, readEventId(eventId));
    if (event === undefined) throw new ProblemError(problems.notFound('No event with this id is stored.'));
    return toEventDto(event);
  }
}
