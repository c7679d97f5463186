import { createServer, type IncomingMessage, type Server, type RequestListener, type ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { ExpressAdapter } from '@nestjs/platform-express';
import { requestIdOf } from './request-id';
import type { AnsweredRequest } from './requests/answered-request';
import { answerUnreadable } from './unreadable-request';
import { upgradable } from './upgradable-request';

/** Takes a request of its path in front of Express and resolves when it is over; undefined when it leaves it to Express. */
export type FastRoute = (request: IncomingMessage, response: ServerResponse) => Promise<void> | undefined;

/** A connection that a client wants to use for a WebSocket. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What has come behind the request already. */
  readonly head: Buffer;
  /** @param status as which it is counted and logged: 101 when the client has got its WebSocket. */
  readonly told: (status: number) => void;
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const MAX_HEADER_BYTES = 8192;
/** How often Node looks for requests past those limits; its own 30 s would let the 10 of a header become 40. */
const TIMEOUT_CHECK_MS = 1000;
/** How often a closing server looks for connections that have become idle. */
const SWEEP_MS = 50;

/**
 * Nest on Express, with the limits of our own HTTP server and room for routes in front of it. An event through Express
 * and Nest costs 100 to 150 µs before the first line of ours runs, through a plain handler 17 µs.
 */
export class HttpServerAdapter extends ExpressAdapter {
  private readonly fastRoutes = new Map<string, FastRoute>();
  private readonly upgrades = new Map<string, (upgrade: Upgrade) => void>();
  private told: (answered: AnsweredRequest) => void = () => undefined;
  private closing = false;

  /** @param path whole and without parameters, so that it is its own template. */
  useFastRoute(path: string, route: FastRoute): void {
    this.fastRoutes.set(path, route);
  }

  /** WebSockets at this path; whatever else clients offer to upgrade to is passed over, as HTTP has it. */
  useUpgrade(path: string, take: (upgrade: Upgrade) => void): void {
    this.upgrades.set(path, take);
  }

  /** @param told of every request that was readable, once it is over. */
  onAnswered(told: (answered: AnsweredRequest) => void): void {
    this.told = told;
  }

  /** Resolves when every request is answered and every connection closed. */
  override async close(): Promise<void> {
    this.closing = true;
    const server = this.getHttpServer() as Server;
    const sweep = setInterval(() => {
      server.closeIdleConnections();
    }, SWEEP_MS);
    try {
      await super.close();
    } finally {
      clearInterval(sweep);
    }
  }

  override initHttpServer(): void {
    const express = this.getInstance<RequestListener>();
    const take: RequestListener = (request, response) => {
      // server.close() ends only what is idle at that instant: a busy client is told with its next answer.
      if (this.closing) response.shouldKeepAlive = false;
      const startedAt = performance.now();
      const path = pathOf(request);
      const taken = this.fastRoutes.get(path)?.(request, response);
      if (taken !== undefined) {
        void taken.then(() => {
          // Not `writableFinished`: of an answer to somebody who is gone Node says that it is.
          this.tell(request, response.destroyed ? undefined : response, path, startedAt);
        });
        return;
      }
      response.once('close', () => {
        const answered = response.writableFinished || isEndless(response);
        this.tell(request, answered ? response : undefined, routeOf(request), startedAt);
      });
      response.setHeader('X-Request-Id', requestIdOf(request));
      express(request, response);
    };
    const server = createServer(
      {
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        connectionsCheckingInterval: TIMEOUT_CHECK_MS,
        maxHeaderSize: MAX_HEADER_BYTES,
        noDelay: true,
        IncomingMessage: upgradable((request) => this.upgrades.has(upgradePathOf(request))),
      },
      take,
    );
    // Whatever a client expects beyond a 100: Node's own answer is a 417 that no contract knows.
    server.on('checkExpectation', take);
    server.on('clientError', answerUnreadable);
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.upgrade(request, socket, head);
    });
    this.httpServer = server;
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const startedAt = performance.now();
    const route = upgradePathOf(request);
    const told = (status: number): void => {
      this.told({ request, route, status, durationMs: performance.now() - startedAt });
    };
    this.upgrades.get(route)?.({ request, socket, head, told });
  }

  /** @param answer undefined when the client went away before it. */
  private tell(
    request: IncomingMessage,
    answer: ServerResponse | undefined,
    route: string | undefined,
    startedAt: number,
  ): void {
    const status = answer?.headersSent === true ? answer.statusCode : undefined;
    this.told({ request, route, status, durationMs: performance.now() - startedAt });
  }
}

function pathOf({ url = '' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/** A slash more at the end means the same, as it does to Express. */
function upgradePathOf(request: IncomingMessage): string {
  const path = pathOf(request);
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Server-sent events go on until the client leaves: then it has had its answer. */
function isEndless(response: ServerResponse): boolean {
  return response.headersSent && response.getHeader('content-type') === 'text/event-stream';
}

/** The template that Express has matched. */
function routeOf(request: IncomingMessage): string | undefined {
  const { route } = request as { readonly route?: { readonly path?: unknown } };
  return typeof route?.path === 'string' ? route.path : undefined;
}
