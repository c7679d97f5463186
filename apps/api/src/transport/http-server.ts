import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import { requestIdOf } from './request-id';

/** Takes a request in front of Express; false when it is none of its own. */
export type FastRoute = (request: IncomingMessage, response: ServerResponse) => boolean;

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const MAX_HEADER_BYTES = 8192;

/**
 * Nest on Express, with the limits of our own HTTP server and room for a route in front of it. An event through Express
 * and Nest costs 100 to 150 µs before the first line of ours runs, through a plain handler 17 µs.
 */
export class HttpServerAdapter extends ExpressAdapter {
  private fastRoute: FastRoute = () => false;

  useFastRoute(route: FastRoute): void {
    this.fastRoute = route;
  }

  override initHttpServer(): void {
    const express = this.getInstance<RequestListener>();
    this.httpServer = createServer(
      {
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        maxHeaderSize: MAX_HEADER_BYTES,
        noDelay: true,
      },
      (request, response) => {
        if (this.fastRoute(request, response)) return;
        response.setHeader('X-Request-Id', requestIdOf(request));
        express(request, response);
      },
    );
  }
}
