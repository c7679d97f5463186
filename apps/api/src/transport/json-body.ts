import type { IncomingMessage } from 'node:http';
import {
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import type { Request } from 'express';
import { BodyBudget } from './body-budget';
import { problems, ProblemError } from './problem';
import { decodeText, MAX_BODY_BYTES, readBody } from './request-body';

const MAX_DEPTH = 32;

/**
 * Reads the body of a call as a JSON object for `@Body()`, after the key was found good and not before. No body is an
 * empty object, so that a call whose fields are all optional needs none.
 */
@Injectable()
class JsonBodyInterceptor implements NestInterceptor {
  constructor(private readonly budget: BodyBudget) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<ReturnType<CallHandler['handle']>> {
    const request = context.switchToHttp().getRequest<Request>();
    request.body = await readObject(request, this.budget);
    return next.handle();
  }
}

/** The route takes a JSON object. 400, 413, 415, 422 as on every door. */
export const TakesJson = (): MethodDecorator & ClassDecorator => UseInterceptors(JsonBodyInterceptor);

async function readObject(request: Request, budget: BodyBudget): Promise<object> {
  const read = await readJson(request, budget, MAX_BODY_BYTES);
  const body = read === undefined ? {} : read;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw unusable('type', 'must be a JSON object');
  return body;
}

/**
 * The body as JSON, whatever that is; undefined when there is none.
 *
 * @throws {ProblemError} 400, 413, 415, 422 as on every door.
 */
export async function readJson(request: IncomingMessage, budget: BodyBudget, maxBytes: number): Promise<unknown> {
  const declared = request.headers['content-type'];
  const text = await readBody(request, budget, decodeText, { sniffGzip: false, maxBytes });
  if (text === '') return undefined;
  checkContentType(declared);
  const body = parse(text);
  // Checks of what is inside go down by recursion.
  if (isDeeper(body, MAX_DEPTH)) throw unusable('depth', `must not be nested deeper than ${MAX_DEPTH} levels`);
  return body;
}

function checkContentType(header = ''): void {
  const [type, ...parameters] = header.split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  const known = charset === undefined || /^"?utf-?8"?$/.test(charset);
  if (type === 'application/json' && known) return;
  throw new ProblemError(problems.unsupportedMediaType('The body needs a Content-Type: application/json, in UTF-8.'));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProblemError(problems.malformed(`The body is not JSON: ${reason}`), { cause: error });
  }
}

function unusable(code: string, message: string): ProblemError {
  return new ProblemError(problems.invalid(`The body ${message}.`, [{ field: '', code, message }]));
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1));
}
