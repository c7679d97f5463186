import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { PinoLogger } from 'nestjs-pino';
import { allowedMethods } from './allowed-methods';
import { problems, sendProblem } from './problem';
import { toProblem } from './problem.convert';
import { RequestAbortedError } from './request-body';
import { requestIdOf } from './request-id';

/** Turns whatever a route throws into `application/problem+json`. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: PinoLogger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    if (error instanceof RequestAbortedError) return; // nobody is left to hear an answer
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const requestId = requestIdOf(request);
    const problem = toProblem(error, requestId, this.logger);
    // Express does not tell "no such path" from "not with this method".
    const methods = problem.status === 404 && request.route === undefined ? allowedMethods(request) : [];
    sendProblem(response, requestId, methods.length > 0 ? problems.methodNotAllowed(methods) : problem);
  }
}
