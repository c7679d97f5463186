import { Controller, Get, Header, HttpCode, Options, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Admission } from '../admission';
import { notePresentedKey } from '../../transport/auth/authorize';
import { allowOrigin, answerPreflight } from './cors';

const HOST = /^[A-Za-z0-9.-]+(:\d{1,5})?$|^\[[0-9a-fA-F:.]+\](:\d{1,5})?$/;

/** What Segment's libraries in browsers and apps ask for before they send: where to, and what else to load (nothing). */
@Controller('v1/projects/:writeKey/settings')
export class SegmentSettingsController {
  constructor(private readonly admission: Admission) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  async settings(
    @Param('writeKey') writeKey: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    allowOrigin(request, response);
    notePresentedKey(request, writeKey);
    await this.admission.admit(writeKey);
    return {
      integrations: { 'Segment.io': { apiKey: writeKey, ...whereTo(request) } },
      plan: { track: {}, identify: {}, group: {} },
      edgeFunction: {},
      metrics: { sampleRate: 0 },
    };
  }

  @Options()
  @HttpCode(204)
  preflight(@Req() request: Request, @Res() response: Response): void {
    answerPreflight(request, response, 'GET');
  }
}

/** This server as the client has found it, through whatever proxy. */
function whereTo({ headers }: Request): object {
  const { host = '' } = headers;
  if (!HOST.test(host)) return {};
  const forwarded = headers['x-forwarded-proto'];
  return { apiHost: `${host}/v1`, protocol: forwarded === 'https' ? 'https' : 'http' };
}
