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
import { IngestExchange } from '../rest/ingest-exchange';
import { readUrlOptions } from '../rest/ingest-options';
import { readCloudEvents } from './cloud-events-body';

/** CloudEvents 1.0 over HTTP, in binary, structured and batched mode; answers as the native door does. */
@Injectable()
export class CloudEventsDoor {
  constructor(
    private readonly exchange: IngestExchange,
    private readonly admission: Admission,
    private readonly budget: BodyBudget,
    private readonly logger: PinoLogger,
  ) {}

  /** Answers the request, whatever happens; never rejects. */
  async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = requestIdOf(request);
    try {
      const principal = await this.admission.admit(presentedKey(request));
      const options = readUrlOptions(request.url ?? '');
      const events = await readCloudEvents(request, principal.projectId, this.budget);
      await this.exchange.reply(response, events, { principal, requestId, options });
    } catch (error) {
      if (error instanceof RequestAbortedError) return;
      sendProblem(response, requestId, toProblem(error, requestId, this.logger));
    }
  }
}
