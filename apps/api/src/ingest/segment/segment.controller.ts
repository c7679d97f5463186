import { Controller, HttpCode, Options, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { requestIdOf } from '../../transport/request-id';
import { allowOrigin, answerPreflight } from './cors';
import { SegmentDoor } from './segment-door';
import { SEGMENT_ROUTES } from './segment-types';

const PATHS = [...SEGMENT_ROUTES.keys(), '/v1/m'];
const BATCH_PATHS = [...SEGMENT_ROUTES.keys()].filter((path) => SEGMENT_ROUTES.get(path) === 'batch');
const MESSAGE_PATHS = [...SEGMENT_ROUTES.keys()].filter((path) => SEGMENT_ROUTES.get(path) !== 'batch');

/**
 * The routes as Nest knows them. The server calls the door directly for most posts (`HttpServerAdapter`), so those come
 * here only where that shortcut is not installed; both ways run the same code.
 */
@Controller()
export class SegmentController {
  constructor(private readonly door: SegmentDoor) {}

  @Post(BATCH_PATHS)
  @HttpCode(200)
  batch(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.door.post('batch', request, response);
  }

  @Post(MESSAGE_PATHS)
  @HttpCode(200)
  message(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { path } = request.route as { readonly path: string };
    return this.door.post(SEGMENT_ROUTES.get(path) ?? 'batch', request, response);
  }

  /** What the browser library counts of itself: of no use here. */
  @Post('/v1/m')
  @HttpCode(200)
  ignore(@Req() request: Request, @Res() response: Response): void {
    allowOrigin(request, response);
    this.door.succeed(response, requestIdOf(request));
  }

  @Options(PATHS)
  @HttpCode(204)
  preflight(@Req() request: Request, @Res() response: Response): void {
    answerPreflight(request, response, 'POST');
  }
}
