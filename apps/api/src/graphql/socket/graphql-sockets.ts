import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { handleProtocols } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Upgrade } from '../../transport/http-server';
import { problems, type Problem } from '../../transport/problem';
import { requestIdOf } from '../../transport/request-id';
import { rawProblem } from '../../transport/unreadable-request';
import { GraphqlSocket } from './graphql-socket';
import { SocketProtocol } from './socket-protocol';

export const GRAPHQL_PATH = '/graphql';

/** Sockets of the process at a time. */
export abstract class SocketLimit {
  abstract readonly sockets: number;
}

/** Sockets at a time that have not shown a key yet; one more, and the oldest of them makes room. */
const MAX_STRANGERS = 100;
/** A subscription and its variables. */
const MAX_MESSAGE_BYTES = 65_536;
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
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    autoPong: false, // it answers each ping, taken or not
    handleProtocols: (offered) => handleProtocols(offered),
  });
  private ticks: NodeJS.Timeout | undefined;
  private closing = false;

  constructor(
    private readonly protocol: SocketProtocol,
    private readonly limit: SocketLimit,
  ) {}

  /** Makes a WebSocket of a connection, or refuses it. */
  take(upgrade: Upgrade): void {
    const { request, socket, head, told } = upgrade;
    const lost = (): void => undefined;
    socket.on('error', lost); // its end is told elsewhere
    if (this.closing || !this.makeRoom()) {
      refuse(upgrade, TOO_MANY);
      return;
    }
    const refused = (): void => {
      refuse(upgrade, NOT_A_WEB_SOCKET);
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

  /** Of the strangers the oldest leaves, where they are too many: whoever has no key must not shut out the others. */
  private makeRoom(): boolean {
    const strangers = [...this.sockets].filter(({ known }) => !known);
    if (this.sockets.size < this.limit.sockets && strangers.length < MAX_STRANGERS) return true;
    const [oldest] = strangers;
    if (oldest === undefined) return false;
    this.sockets.delete(oldest);
    oldest.cut();
    return true;
  }

  private open(socket: GraphqlSocket, told: (status: number) => void): void {
    this.sockets.add(socket);
    this.ticks ??= setInterval(() => {
      for (const each of this.sockets) each.tick();
    }, TICK_MS).unref();
    // When the key is known, or there will be none.
    socket.onceSettled(() => {
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
