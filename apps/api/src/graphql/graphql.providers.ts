import type { Provider, Type } from '@nestjs/common';
import type { ApiConfig } from '@app/config';
import { GraphqlController } from './graphql.controller';
import { GraphqlService, Introspection } from './graphql-service';
import { GraphiqlController } from './playground/graphiql.controller';
import { GraphiqlFiles } from './playground/graphiql-files';
import { GraphqlSockets, SocketLimit } from './socket/graphql-sockets';
import { SocketKeys } from './socket/socket-keys';
import { SocketProtocol } from './socket/socket-protocol';

export const graphqlControllers: readonly Type[] = [GraphqlController, GraphiqlController];

/** Reading by GraphQL, over HTTP and over sockets. */
export function graphqlProviders({ graphqlIntrospection, liveSubscribers }: ApiConfig): Provider[] {
  return [
    GraphqlService,
    GraphqlSockets,
    SocketKeys,
    SocketProtocol,
    GraphiqlFiles,
    { provide: Introspection, useValue: { allowed: graphqlIntrospection } },
    { provide: SocketLimit, useValue: { sockets: liveSubscribers } },
  ];
}
