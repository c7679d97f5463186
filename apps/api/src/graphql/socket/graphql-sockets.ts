import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { handleProtocols } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { LiveEvents } from '../../live/live-events';
import type { Upgrade } from '../../transport/http-server';
import { problems, type Problem } from '../../transport/problem';
import { requestIdOf } from '../../transport/request-id';
import { rawProblem } from '../../transport/unreadable-request';
import { MAX_REQUEST_BYTES } from '../graphql-parameters';
import { GraphqlService } from '../graphql-service';
import { GraphqlSocket } from './graphql-socket';
import { SocketKeys } from './socket-keys';
import { socketProtocol, type SocketProtocol } from './socket-protocol';

export const GRAPHQL_PATH = '/graphql';

/** Sockets of the process at a time. */
export abstract class SocketLimit {
  abstract readonly sockets: number;
}

/** Sockets at a time that have not shown a key yet: whoever has none must not shut out the others. */
const MAX_STRANGERS = 100;
/** How often each socket is looked at. */
const TICK_MS = 1000;
/** What a client has to answer the farewell. */
const FAREWELL_MS = 1000;

const NOT_A_WEB_SOCKET = problems.malformed('This is no handshake of a WebSocket (RFC 6455, version 13).');
const TOO_MANY: Problem = {
  ...problems.tooManyStreams(),
  code: 'too-many-sockets',
  title: 'Too many connections',
  detail: 'This process has as many WebSockets as it may, or is about to stop. Try again in a moment.',
};

/** Answers once, and waits for nobody to hear it: Node no longer watches over the connection. */
function refuse({ request, socket, told }: Upgrade, problem: Problem): void {
  socket.once('finish', () => socket.destroy());
  socket.end(rawProblem(problem, requestIdOf(request)));
  told(problem.status);
}

/** The WebSockets of the process: subscriptions by the protocol graphql-transport-ws. */
@Injectable()
export class GraphqlSockets implements OnModuleDestroy {
  private readonly sockets = new Set<GraphqlSocket>();
  private readonly server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_REQUEST_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => handleProtocols(offered),
  });
  private readonly protocol: SocketProtocol;
  private ticks: NodeJS.Timeout | undefined;
  private closing = false;

  constructor(
    graphql: GraphqlService,
    live: LiveEvents,
    keys: SocketKeys,
    private readonly limit: SocketLimit,
  ) {
    this.protocol = socketProtocol(graphql, live, keys);
  }

  /** Makes a WebSocket of a connection, or refuses it. */
  take({ request, socket, head, told }: Upgrade): void {
    const lost = (): void => undefined;
    socket.on('error', lost); // its end is told elsewhere
    if (this.closing || this.sockets.size >= this.limit.sockets || this.strangers >= MAX_STRANGERS) {
      refuse({ request, socket, head, told }, TOO_MANY);
      return;
    }
    const refused = (): void => {
      refuse({ request, socket, head, told }, NOT_A_WEB_SOCKET);
    };
    // It answers at once, one way or the other.
    this.server.once('wsClientError', refused);
    this.server.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      socket.off('error', lost);
      this.open(new GraphqlSocket(webSocket, request), told);
    });
    this.server.off('wsClientError', refused);
  }

  /** Nest calls it before the connections close. */
  onModuleDestroy(): void {
    this.closing = true;
    clearInterval(this.ticks);
    for (const socket of this.sockets) socket.close(1001, 'The process stops: come again.', FAREWELL_MS);
  }

  private get strangers(): number {
    let count = 0;
    for (const { known } of this.sockets) if (!known) count += 1;
    return count;
  }

  private open(socket: GraphqlSocket, told: (status: number) => void): void {
    this.sockets.add(socket);
    this.ticks ??= setInterval(() => {
      for (const each of this.sockets) each.tick();
    }, TICK_MS).unref();
    // When the key is known, or there will be none.
    socket.onceKnown(() => {
      told(101);
    });
    socket.onceClosed(() => {
      this.sockets.delete(socket);
      if (this.sockets.size > 0) return;
      clearInterval(this.ticks);
      this.ticks = undefined;
    });
    this.protocol.serve(socket);
  }
}
