import { Controller, Options, Post, Put, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { EventsRoute } from '../events-route';

/**
 * The route as Nest knows it. The server calls `EventsRoute` directly for this path (`HttpServerAdapter`), so requests
 * come here only where that shortcut is not installed; both ways run the same code.
 */
@Controller('api/v1/events')
export class EventsIngestController {
  constructor(private readonly route: EventsRoute) {}

  @Post()
  post(@Req() request: Request, @Res() response: Response): Promise<void> | undefined {
    return this.route.take(request, response);
  }

  @Put()
  put(@Req() request: Request, @Res() response: Response): Promise<void> | undefined {
    return this.route.take(request, response);
  }

  @Options()
  options(@Req() request: Request, @Res() response: Response): Promise<void> | undefined {
    return this.route.take(request, response);
  }
}
