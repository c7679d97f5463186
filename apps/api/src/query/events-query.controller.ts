import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import { isUuid } from '@app/events';
import { EventReader } from '@app/persistence';
import { principalOf, RequireScope } from '../transport/auth/api-key.guard';
import { problems, ProblemError } from '../transport/problem';
import { toEventDto, type EventDto } from './event.convert';
import { ListEventsDto } from './list-events.dto';

/** Reads of stored events: what PostgreSQL has committed. */
@Controller('api/v1/events')
export class EventsQueryController {
  constructor(private readonly reader: EventReader) {}

  /** Newest first, by the time the event occurred. */
  @Get()
  @RequireScope('read')
  async list(@Req() request: Request, @Query() query: ListEventsDto): Promise<{ data: EventDto[]; next_cursor: null }> {
    const events = await this.reader.newest(principalOf(request).projectId, query.limit);
    return { data: events.map(toEventDto), next_cursor: null };
  }

  @Get(':event_id')
  @RequireScope('read')
  async one(@Req() request: Request, @Param('event_id') eventId: string): Promise<EventDto> {
    if (!isUuid(eventId)) {
      const error = { field: 'event_id', code: 'format', message: 'must be a UUID' };
      throw new ProblemError(problems.invalid('The id in the path is no UUID.', [error]));
    }
    const event = await this.reader.one(principalOf(request).projectId, eventId.toLowerCase());
    if (event === undefined) throw new ProblemError(problems.notFound('No event with this id is stored.'));
    return toEventDto(event);
  }
}
