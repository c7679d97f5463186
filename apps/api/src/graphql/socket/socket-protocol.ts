import { Injectable } from '@nestjs/common';
import { GraphQLError, OperationTypeNode, type ExecutionArgs } from 'graphql';
import { CloseCode, makeServer, type Context, type Server, type SubscribePayload } from 'graphql-ws';
import { PinoLogger } from 'nestjs-pino';
import { LiveEvents } from '../../live/live-events';
import type { Wanted } from '../../live/live-subscription';
import { subscribeLive } from '../../live/subscribe-live';
import type { Principal } from '../../transport/auth/key-ring';
import { ProblemError } from '../../transport/problem';
import { requestIdOf } from '../../transport/request-id';
import type { GraphqlContext } from '../graphql-context';
import { readParameters } from '../graphql-parameters';
import { GraphqlService } from '../graphql-service';
import { eventFeed, type EventFeed } from './event-feed';
import { TRY_AGAIN, type GraphqlSocket } from './graphql-socket';
import { SocketKeys } from './socket-keys';

/** Operations of one socket at a time. */
const MAX_OPERATIONS = 10;
/** What a client has to show its key. */
const INIT_MS = 5000;

interface Session {
  readonly socket: GraphqlSocket;
  principal?: Principal;
}

type SessionContext = Context<Record<string, unknown>, Session>;

/** The protocol graphql-transport-ws: who may subscribe, to what, and how refusals are said. */
@Injectable()
export class SocketProtocol {
  private readonly server: Server<Session>;

  constructor(
    graphql: GraphqlService,
    live: LiveEvents,
    keys: SocketKeys,
    private readonly logger: PinoLogger,
  ) {
    this.server = makeServer<Record<string, unknown>, Session>({
      connectionInitWaitTimeout: INIT_MS,
      onConnect: async ({ extra, connectionParams }) => {
        const principal = await keys.admit(extra.socket, connectionParams);
        if (principal !== undefined) extra.principal = principal;
        return principal !== undefined; // false: closed as forbidden, unless it is closed already
      },
      onSubscribe: (context, _, payload) => readSubscription(graphql, live, context, payload),
      onNext: ({ extra }, ...[, , , result]) => graphql.shown(result, requestIdOf(extra.socket.request)),
      onError: ({ extra }, _id, _payload, errors) => {
        const { errors: shown = [] } = graphql.shown({ errors }, requestIdOf(extra.socket.request));
        if (shown.some(({ extensions }) => extensions?.['code'] === 'behind'))
          // Behind the error, which is sent when this has returned.
          setImmediate(() => {
            extra.socket.close(TRY_AGAIN, 'Too slow: too far behind the others.');
          });
        return shown;
      },
    });
  }

  serve(socket: GraphqlSocket): void {
    const closed = this.server.opened(
      {
        protocol: socket.protocol,
        send: (text) => socket.send(text),
        close: (code, reason) => {
          socket.close(code ?? CloseCode.InternalServerError, reason ?? '');
        },
        onMessage: (take) => {
          socket.onMessage(async (text) => {
            try {
              await take(text);
            } catch (error) {
              this.logger.error(
                { error, request_id: requestIdOf(socket.request) },
                'A message of a socket has failed.',
              );
              socket.close(CloseCode.InternalServerError, 'The server made a mistake.');
            }
          });
        },
      },
      { socket },
    );
    socket.onceClosed((code, reason) => void closed(code, reason));
  }
}

function readSubscription(
  graphql: GraphqlService,
  live: LiveEvents,
  { subscriptions, extra }: SessionContext,
  payload: SubscribePayload,
): ExecutionArgs | GraphQLError[] {
  if (Object.keys(subscriptions).length > MAX_OPERATIONS)
    return [refusal(`A connection may have ${MAX_OPERATIONS} subscriptions at a time.`, 'too-many-operations')];
  let parameters;
  try {
    parameters = readParameters(payload);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return [refusal(error.problem.detail, error.problem.code)];
  }
  const operation = graphql.read(parameters);
  if (!('document' in operation)) return [...operation];
  if (operation.definition.operation !== OperationTypeNode.SUBSCRIPTION)
    return [refusal('Only subscriptions go over a socket: send a query by POST.', 'invalid')];
  return graphql.toExecute(operation, parameters, contextOf(graphql, live, extra));
}

function refusal(message: string, code: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

function contextOf(graphql: GraphqlService, live: LiveEvents, { socket, principal }: Session): GraphqlContext {
  if (principal === undefined) throw new Error('A socket subscribes without a key.');
  const follow = (wanted: Wanted): EventFeed => {
    const subscription = subscribeLive(live, wanted);
    const forget = socket.onceLeaving((stalled) => {
      subscription.close(stalled ? 'stalled' : 'closed');
    });
    return eventFeed(subscription, forget);
  };
  return { ...graphql.contextOf(principal.projectId, () => false), follow };
}
