import { GraphQLError, OperationTypeNode, type ExecutionArgs } from 'graphql';
import { CloseCode, makeServer, type Context, type SubscribePayload } from 'graphql-ws';
import { PipelineError } from '@app/events';
import { TooManySubscribersError, type LiveEvents } from '../../live/live-events';
import type { LiveSubscription, Wanted } from '../../live/live-subscription';
import { authorize, notePresentedKey, presentedKey } from '../../transport/auth/authorize';
import type { Principal } from '../../transport/auth/key-ring';
import { problems, ProblemError } from '../../transport/problem';
import { requestIdOf } from '../../transport/request-id';
import type { GraphqlContext } from '../graphql-context';
import { readParameters } from '../graphql-parameters';
import type { GraphqlService } from '../graphql-service';
import { schema } from '../schema/schema';
import { eventFeed, type EventFeed } from './event-feed';
import { TRY_AGAIN, type GraphqlSocket } from './graphql-socket';
import type { SocketKeys } from './socket-keys';

/** Operations of one socket at a time. */
const MAX_OPERATIONS = 10;
/** What a client has to show its key. */
const INIT_MS = 5000;

interface Session {
  readonly socket: GraphqlSocket;
  principal?: Principal;
}

type SessionContext = Context<Record<string, unknown>, Session>;

export interface SocketProtocol {
  serve(socket: GraphqlSocket): void;
}

/** The protocol graphql-transport-ws: who may subscribe, to what, and how refusals are said. */
export function socketProtocol(graphql: GraphqlService, live: LiveEvents, keys: SocketKeys): SocketProtocol {
  const { logger } = keys;
  const idOf = ({ extra }: SessionContext): string => requestIdOf(extra.socket.request);
  const server = makeServer<Record<string, unknown>, Session>({
    connectionInitWaitTimeout: INIT_MS,
    onConnect: (context) => connect(context, keys),
    onSubscribe: (context, _, payload) => {
      const read = readSubscription(graphql, context, payload);
      if ('document' in read) return { ...read, schema, contextValue: contextOf(graphql, live, context.extra) };
      return [...read];
    },
    onNext: (context, ...[, , , result]) => graphql.shown(result, idOf(context)),
    onError: (context, _id, _payload, errors) => {
      const { errors: shown = [] } = graphql.shown({ errors }, idOf(context));
      if (shown.some(({ extensions }) => extensions?.['code'] === 'behind'))
        context.extra.socket.close(TRY_AGAIN, 'Too slow: too far behind the others.');
      return shown;
    },
  });
  return {
    serve(socket) {
      const closed = server.opened(
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
                logger.error({ error, request_id: requestIdOf(socket.request) }, 'A message of a socket has failed.');
                socket.close(CloseCode.InternalServerError, 'The server made a mistake.');
              }
            });
          },
        },
        { socket },
      );
      socket.onceClosed((code, reason) => void closed(code, reason));
    },
  };
}

/** @returns false: closed as forbidden. */
async function connect({ extra, connectionParams }: SessionContext, keys: SocketKeys): Promise<boolean> {
  const { socket } = extra;
  const key = keyIn(connectionParams) ?? presentedKey(socket.request);
  if (key !== undefined) notePresentedKey(socket.request, key);
  try {
    const principal = await authorize(key, keys.ring, 'read');
    extra.principal = principal;
    const unwatch = keys.watch.watch(principal.keyId, () => {
      socket.close(CloseCode.Forbidden, 'The key is no longer valid.');
    });
    socket.onceClosed(unwatch);
    socket.tellKnown(true);
    return true;
  } catch (error) {
    if (error instanceof ProblemError) socket.close(CloseCode.Forbidden, error.problem.title);
    else if (error instanceof PipelineError) socket.close(TRY_AGAIN, problems.unavailable().title);
    else throw error;
    return false;
  }
}

/** As `connection_init` shows it: `{"apiKey": …}` or `{"Authorization": "Bearer …"}`. */
function keyIn(payload: Readonly<Record<string, unknown>> = {}): string | undefined {
  const { apiKey, Authorization: authorization } = payload;
  if (typeof apiKey === 'string') return apiKey;
  return typeof authorization === 'string' ? presentedKey({ headers: { authorization } }) : undefined;
}

function readSubscription(
  graphql: GraphqlService,
  { subscriptions }: SessionContext,
  payload: SubscribePayload,
): Pick<ExecutionArgs, 'document' | 'operationName' | 'variableValues'> | readonly GraphQLError[] {
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
  if (!('document' in operation)) return operation;
  if (operation.definition.operation !== OperationTypeNode.SUBSCRIPTION)
    return [refusal('Only subscriptions go over a socket: send a query by POST.', 'invalid')];
  const { operationName, variables } = parameters;
  return { document: operation.document, operationName, variableValues: variables };
}

function refusal(message: string, code: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

function contextOf(graphql: GraphqlService, live: LiveEvents, { socket, principal }: Session): GraphqlContext {
  if (principal === undefined) throw new Error('A socket subscribes without a key.');
  const follow = (wanted: Wanted): EventFeed => {
    const subscription = subscribe(live, wanted);
    const forget = socket.onceLeaving((stalled) => {
      subscription.close(stalled ? 'stalled' : 'closed');
    });
    return eventFeed(subscription, forget);
  };
  return { ...graphql.contextOf(principal.projectId), follow };
}

function subscribe(live: LiveEvents, wanted: Wanted): LiveSubscription {
  try {
    return live.subscribe(wanted);
  } catch (error) {
    if (error instanceof TooManySubscribersError) throw new ProblemError(problems.tooManyStreams(), { cause: error });
    throw error;
  }
}
