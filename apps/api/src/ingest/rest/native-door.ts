import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { presentedKey } from '../../transport/auth/authorize';
import { BodyBudget } from '../../transport/body-budget';
import { sendProblem } from '../../transport/problem';
import { toProblem } from '../../transport/problem.convert';
import { RequestAbortedError } from '../../transport/request-body';
import { requestIdOf } from '../../transport/request-id';
import { Admission } from '../admission';
import { IngestExchange } from './ingest-exchange';
import { readUrlOptions } from './ingest-options';
import { readNativeBody } from './native-body';

/** Path of the hot route; the server hands it to the door before Express sees it. */
export const NATIVE_PATH = '/api/v1/events';

/**
 * `POST /api/v1/events`: authenticates, reads, has the events accepted, answers. Works on Node's own request and
 * response, so that the server can call it in front of Express.
 */
@Injectable()
export class NativeDoor {
  constructor(
    private readonly exchange: IngestExchange,
    private readonly admission: Admission,
    private readonly budget: BodyBudget,
    private readonly logger: PinoLogger,
  ) {}

  /** Answers the request, whatever happens; never rejects. */
  async post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = requestIdOf(request);
    try {
      const principal = await this.admission.admit(presentedKey(request));
      const options = readUrlOptions(request.url ?? '');
      const events = await readNativeBody(request, principal.projectId, this.budget);
      await this.exchange.reply(response, events, { principal, requestId, options });
    } catch (error) {
      if (error instanceof RequestAbortedError) return;
      sendProblem(response, requestId, toProblem(error, requestId, this.logger));
    }
  }
}
