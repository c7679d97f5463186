import { Controller, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { NativeDoor } from './native-door';

/**
 * The route as Nest knows it. The server calls the door directly for this path (`HttpServerAdapter`), so requests
 * come here only where that shortcut is not installed; both ways run the same code.
 */
@Controller('api/v1/events')
export class EventsIngestController {
  constructor(private readonly door: NativeDoor) {}

  @Post()
  post(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.door.post(request, response);
  }
}
