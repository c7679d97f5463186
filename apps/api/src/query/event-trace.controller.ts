import { Controller, Get, Param, Req } from '@nestjs/common';
import type { Request } from 'express';
import { EventTraces } from '@app/persistence';
import { principalOf, RequireScope } from '../transport/auth/api-key.guard';
import { readEventId } from './event-id';
import { toTraceDto, type TraceDto } from './trace.convert';

/** Name of the topic, as it is configured. */
export abstract class TopicName {
  abstract readonly value: string;
}

/** The way of one event, for whoever asks where it is. */
@Controller('api/v1/events')
export class EventTraceController {
  constructor(
    private readonly traces: EventTraces,
    private readonly topic: TopicName,
  ) {}

  /** What consumers have committed, by its id; the event of another project is unknown. */
  @Get(':event_id/trace')
  @RequireScope('read')
  async trace(@Req() request: Request, @Param('event_id') eventId: string): Promise<TraceDto> {
    const trace = await this.traces.find(principalOf(request).projectId, readEventId(eventId));
    return toTraceDto(trace, this.topic.value);
  }
}
