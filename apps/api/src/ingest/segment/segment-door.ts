import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import type { Principal } from '../../transport/auth/key-ring';
import { BodyBudget } from '../../transport/body-budget';
import { problems, ProblemError, sendProblem } from '../../transport/problem';
import { toProblem } from '../../transport/problem.convert';
import { decodeText, MAX_BODY_BYTES, readBody, RequestAbortedError } from '../../transport/request-body';
import { requestIdOf } from '../../transport/request-id';
import { Admission } from '../admission';
import { allowOrigin } from './cors';
import { toSegmentBatch, type SegmentBatch } from './segment-batch';
import { SegmentIntake } from './segment-intake';
import type { SegmentType } from './segment-types';
import { bodyKey, headerKey } from './write-key';

/** Of a body that has to be read before its key is known. Segment's libraries send 500 kB at most. */
const MAX_KEYLESS_BYTES = 524_288;
const SUCCESS = '{"success":true}';

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own words quote the body, in which the write key may be.
    throw new ProblemError(problems.malformed('The body is not JSON.'));
  }
}

/**
 * The HTTP API of Segment: authenticates, reads, has the good messages accepted and the bad ones kept as dead letters,
 * and says so in the only word that its libraries know. Works on Node's own request and response, so that the server
 * can call it in front of Express.
 */
@Injectable()
export class SegmentDoor {
  constructor(
    private readonly intake: SegmentIntake,
    private readonly admission: Admission,
    private readonly budget: BodyBudget,
    private readonly logger: PinoLogger,
  ) {}

  /** Answers the request, whatever happens; never rejects. @param route what its path takes. */
  async post(route: SegmentType | 'batch', request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = requestIdOf(request);
    try {
      allowOrigin(request, response);
      await this.take(route, request, requestId);
      this.succeed(response, requestId);
    } catch (error) {
      if (error instanceof RequestAbortedError) return;
      sendProblem(response, requestId, toProblem(error, requestId, this.logger));
    }
  }

  /** The 200. Does nothing when the client is gone. */
  succeed(response: ServerResponse, requestId: string): void {
    if (response.destroyed) return;
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': SUCCESS.length,
      'X-Request-Id': requestId,
    });
    response.end(SUCCESS);
  }

  private async take(route: SegmentType | 'batch', request: IncomingMessage, requestId: string): Promise<void> {
    const key = headerKey(request);
    const admitted = key === undefined ? undefined : await this.admission.admit(key);
    const read = async (body: Buffer): Promise<{ batch: SegmentBatch; principal: Principal }> => {
      const text = decodeText(body);
      const principal = admitted ?? (await this.admission.admit(bodyKey(request, text)));
      return { batch: toSegmentBatch(parseJson(text), text, route), principal };
    };
    const maxBytes = admitted === undefined ? MAX_KEYLESS_BYTES : MAX_BODY_BYTES;
    const { batch, principal } = await readBody(request, this.budget, read, { sniffGzip: true, maxBytes });
    await this.intake.take(batch, { principal, requestId });
  }
}
