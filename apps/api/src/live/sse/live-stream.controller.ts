import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { PinoLogger } from 'nestjs-pino';
import { PipelineError } from '@app/events';
import { toEventFilter } from '../../query/event-filter.convert';
import { principalOf, RequireScope } from '../../transport/auth/api-key.guard';
import { KeyWatch } from '../../transport/auth/key-watch';
import { problems, ProblemError } from '../../transport/problem';
import { LiveEvents } from '../live-events';
import { readPosition, type NamedPosition } from '../live-position';
import { subscribeLive } from '../subscribe-live';
import { FollowEventsDto } from './follow-events.dto';
import { sendStream } from './sse-stream';

const HEADER = 'Last-Event-ID';

/** Events as they come, as server-sent events. */
@Controller('api/v1/events')
export class LiveStreamController {
  constructor(
    private readonly live: LiveEvents,
    private readonly keys: KeyWatch,
    private readonly logger: PinoLogger,
  ) {}

  @Get('stream')
  @RequireScope('read')
  async follow(@Req() request: Request, @Res() response: Response, @Query() query: FollowEventsDto): Promise<void> {
    const { projectId, keyId } = principalOf(request);
    const filter = { projectId, ...toEventFilter(query) };
    const from = positionOf(request, query);
    if (request.method === 'HEAD') {
      response.type('text/event-stream').end();
      return;
    }
    const subscription = subscribeLive(this.live, { filter, from });
    const unwatch = this.keys.watch(keyId, () => {
      subscription.close();
    });
    try {
      await sendStream(response, subscription);
    } catch (error) {
      // The answer has begun: nothing else can be said any more.
      if (error instanceof PipelineError) this.logger.warn({ error }, 'A live stream cannot go on here.');
      else this.logger.error({ error }, 'A live stream has failed.');
      response.destroy();
    } finally {
      unwatch();
      subscription.close();
    }
  }
}

/**
 * Where the client wants to go on. The header counts more than the URL: an EventSource that connects again by itself
 * sends it with the URL that it was given once.
 */
function positionOf(request: Request, { last_event_id: parameter }: FollowEventsDto): NamedPosition | undefined {
  const header = request.get(HEADER);
  const [field, text] = header === undefined || header === '' ? ['last_event_id', parameter] : [HEADER, header];
  if (text === undefined || text === '') return undefined;
  const position = readPosition(text);
  if (position !== undefined) return position;
  const error = { field, code: 'format', message: 'is no id of this stream' };
  throw new ProblemError(problems.invalid('The position to go on from is not valid.', [error]));
}
