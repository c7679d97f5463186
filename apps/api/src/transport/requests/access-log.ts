import type { Logger } from 'pino';
import { presentedKeyId } from '../auth/authorize';
import { requestIdOf } from '../request-id';
import { UNMATCHED, type AnsweredRequest } from './answered-request';

/** Lines about refusals in one second at most: whoever has no key must not be able to fill the disk. */
const REFUSALS_PER_SECOND = 20;
const SECOND_MS = 1000;

/** Asked every few seconds by machines. */
const QUIET: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/health', '/metrics']);
/** How they say that something is away; any other refusal of theirs is of who asks, like a wrong key. */
const NOT_WELL = 503;

/** What a line says; asked for only when there is one. `status` is null when the client went away before its answer. */
export type AccessLine = () => {
  readonly method: string;
  readonly path: string;
  readonly status: number | string | null;
  readonly duration_ms: number;
  readonly request_id: string;
  readonly key_id: string | null;
};

export interface AccessLogOptions {
  /** The routes that are too busy for a line each, by their templates. */
  readonly hotRoutes: ReadonlySet<string>;
  /** One of so many of what they accept has a line. */
  readonly sample: number;
}

/**
 * One line per request, at level info: method, template of the route, status, duration, request id, and the id of the key
 * that was presented. Never the URL, a header or the body.
 *
 * Of the accepted posts and puts of the hot routes one of `sample` has a line. Of the refusals (4xx, 5xx, and clients that went
 * away) each has one, up to 20 in a second; one more line tells how many had none. Health and metrics are at level debug,
 * unless they refuse who asks.
 */
export class AccessLog {
  private unsampled = 0;
  private refusals = 0;
  private untold = 0;
  private secondEndsAt = 0;

  constructor(
    private readonly logger: Logger,
    private readonly options: AccessLogOptions,
    private readonly now: () => number = Date.now,
  ) {}

  write(answered: AnsweredRequest): void {
    const { status } = answered;
    if (isRoutine(answered)) this.tell('debug', () => lineOf(answered));
    else if (status === undefined || status >= 400) this.tellRefusal(() => lineOf(answered));
    else if (!this.isHot(answered) || this.isSampled()) this.tell('info', () => lineOf(answered));
  }

  /** The same for what came by another way than HTTP. @param hot its kind is too busy for a line each. */
  writeLine(line: AccessLine, { taken, hot }: { readonly taken: boolean; readonly hot: boolean }): void {
    if (!taken) this.tellRefusal(line);
    else if (!hot || this.isSampled()) this.tell('info', line);
  }

  private isHot({ request: { method }, route = '' }: AnsweredRequest): boolean {
    return (method === 'POST' || method === 'PUT') && this.options.hotRoutes.has(route);
  }

  private isSampled(): boolean {
    this.unsampled += 1;
    if (this.unsampled < this.options.sample) return false;
    this.unsampled = 0;
    return true;
  }

  private tellRefusal(line: AccessLine): void {
    if (this.now() >= this.secondEndsAt) {
      this.secondEndsAt = this.now() + SECOND_MS;
      this.refusals = 0;
    }
    this.refusals += 1;
    if (this.refusals <= REFUSALS_PER_SECOND) this.tell('info', line);
    else this.leaveOut();
  }

  private leaveOut(): void {
    this.untold += 1;
    if (this.untold > 1) return;
    setTimeout(() => {
      this.logger.info({ refusals: this.untold }, 'Refusals were too many for a line each.');
      this.untold = 0;
    }, SECOND_MS).unref();
  }

  private tell(level: 'info' | 'debug', line: AccessLine): void {
    if (!this.logger.isLevelEnabled(level)) return;
    const values = line();
    this.logger[level](
      values,
      values.status === null ? 'A client went away before its answer.' : 'A request is answered.',
    );
  }
}

function lineOf({ request, route, status, durationMs }: AnsweredRequest): ReturnType<AccessLine> {
  return {
    method: request.method ?? '',
    path: route ?? UNMATCHED,
    status: status ?? null,
    duration_ms: Math.round(durationMs * 10) / 10,
    request_id: requestIdOf(request),
    key_id: presentedKeyId(request) ?? null,
  };
}

function isRoutine({ route, status }: AnsweredRequest): boolean {
  if (route === undefined || status === undefined || !QUIET.has(route)) return false;
  return status < 400 || status === NOT_WELL;
}
