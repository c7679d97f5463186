import { loadCliConfig, readEnvironment } from '@app/config';
import { CannotRunError } from '../cannot-run.error';
import { resolveEndpoint, type Endpoint, type EndpointFlags } from './endpoint';
import { reasonOf } from './post-events';

/** The API works on a replay for 20 seconds. */
const TIMEOUT_MS = 60_000;
const PAGE = 200;

/** The API has understood the call and says no: what was asked for is wrong, or not there. */
export class RefusedByApiError extends Error {}

/** The API is away, or cannot do it now; that may pass. */
export class ApiUnavailableError extends CannotRunError {}

interface Page<T> {
  readonly data: readonly T[];
  readonly next_cursor: string | null;
}

/** Calls of the administration. Nothing is tried again: who runs a command sees what came of it. */
export class ApiClient {
  constructor(private readonly endpoint: Endpoint) {}

  /** @throws {CannotRunError} saying what is missing. */
  static of(flags: EndpointFlags): ApiClient {
    return new ApiClient(resolveEndpoint(flags, loadCliConfig(readEnvironment())));
  }

  /**
   * @param path below the address of the API, with its query.
   * @returns what the API answers; undefined when that is nothing.
   * @throws {RefusedByApiError} for 400, 404, 413, 415, 422 and 429.
   * @throws {ApiUnavailableError} when there is no answer, and for 503.
   * @throws {CannotRunError} when the API refuses the key, or is none.
   */
  async call<T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<T> {
    const { status, text } = await this.send(method, path, body);
    if (status === 204) return undefined as T;
    const answer = parse(text);
    if ((status === 200 || status === 201 || status === 202) && answer !== undefined) return answer as T;
    throw failure(status, answer);
  }

  /** Every item of a list, page by page. */
  async all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: Page<T> = await this.call<Page<T>>('GET', `${path}?limit=${PAGE}${after}`);
      items.push(...page.data);
      cursor = page.next_cursor;
    }
    return items;
  }

  private async send(method: string, path: string, body?: object): Promise<{ status: number; text: string }> {
    const headers: Record<string, string> = { 'x-api-key': this.endpoint.key, 'user-agent': 'millrace-cli' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const url = this.endpoint.url.replace(/\/+$/, '') + path;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      // Following a redirect would show the key to whoever it names.
      const response = await fetch(url, { method, headers, ...content, signal, redirect: 'manual' });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      const reason = `the API at ${this.endpoint.url} does not answer: ${reasonOf(error)}`;
      throw new ApiUnavailableError(reason, { cause: error });
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Problem {
  readonly detail?: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

function failure(status: number, answer: unknown): Error {
  const { detail, errors = [] } = (typeof answer === 'object' && answer !== null ? answer : {}) as Problem;
  const reasons = errors.map(({ field, message }) => `${field === '' ? 'the call' : field} ${message}`);
  const said = reasons.length > 0 ? reasons.join('; ') : (detail ?? `status ${status}`);
  if ([400, 404, 413, 415, 422, 429].includes(status) && answer !== undefined) return new RefusedByApiError(said);
  if (status === 401 || status === 403) return new CannotRunError(`the API refuses the key: ${said}`);
  const answered = `the API answers ${status}: ${said}`;
  return status === 503 ? new ApiUnavailableError(answered) : new CannotRunError(answered);
}
