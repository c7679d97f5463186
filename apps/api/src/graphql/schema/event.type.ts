import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInputObjectType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
  type GraphQLFieldConfigMap,
  type GraphQLOutputType,
} from 'graphql';
import type { GraphqlContext } from '../graphql-context';
import type { EventView, EventPageView } from './views';
import { DateTime, JsonScalar } from './scalars';

export const required = (type: GraphQLOutputType): GraphQLNonNull<GraphQLOutputType> => new GraphQLNonNull(type);
export const listOf = (type: GraphQLOutputType): GraphQLList<GraphQLOutputType> => new GraphQLList(required(type));

export const EventType = new GraphQLObjectType<EventView, GraphqlContext>({
  name: 'Event',
  fields: {
    id: {
      type: required(GraphQLID),
      description: 'Its identity within the project: a UUID.',
      resolve: (e) => e.eventId,
    },
    name: { type: required(GraphQLString), description: 'What happened, like `user.created`.' },
    source: { type: GraphQLString, description: 'Where it comes from.' },
    userId: { type: GraphQLString, description: 'Whom it is about.' },
    timestamp: {
      type: required(DateTime),
      description: "When it happened, by the producer's clock.",
      resolve: (event) => event.occurredAt.toISOString(),
    },
    amount: { type: GraphQLFloat, description: 'Summed exactly; shown as the nearest double.' },
    data: {
      type: required(JsonScalar),
      description: 'What the client sent.',
      resolve: ({ data }, _, { reads }) => reads.show(data),
    },
    context: {
      type: JsonScalar,
      description: 'What the door knew besides.',
      resolve: ({ context }, _, { reads }) => (context === undefined ? null : reads.show(context)),
    },
    receivedAt: {
      type: required(DateTime),
      description: 'When the API took it.',
      resolve: (event) => event.receivedAt.toISOString(),
    },
    storedAt: {
      type: DateTime,
      description: 'When PostgreSQL had it; null in a subscription, which shows it before.',
      resolve: (event) => event.storedAt?.toISOString(),
    },
  } satisfies GraphQLFieldConfigMap<EventView, GraphqlContext>,
});

const PageInfo = new GraphQLObjectType<EventPageView>({
  name: 'PageInfo',
  fields: {
    hasNextPage: {
      type: required(GraphQLBoolean),
      description: 'Whether more may follow; a page may end early, even without an event.',
      resolve: (page) => page.next !== undefined,
    },
    hasPreviousPage: { type: required(GraphQLBoolean), resolve: (page) => page.isBehind },
    startCursor: { type: GraphQLString, resolve: (page) => page.events.map((event) => page.cursorOf(event))[0] },
    endCursor: {
      type: GraphQLString,
      description: 'Where the next page begins: `after` of it.',
      resolve: (page) => {
        const end = page.next ?? page.events.at(-1);
        return end === undefined ? null : page.cursorOf(end);
      },
    },
  },
});

interface Edge {
  readonly event: EventView;
  readonly page: EventPageView;
}

const EventEdge = new GraphQLObjectType<Edge>({
  name: 'EventEdge',
  fields: {
    cursor: { type: required(GraphQLString), resolve: ({ event, page }) => page.cursorOf(event) },
    node: { type: required(EventType), resolve: ({ event }) => event },
  },
});

/** By the connection specification of Relay (https://relay.dev/graphql/connections.htm). */
export const EventConnection = new GraphQLObjectType<EventPageView>({
  name: 'EventConnection',
  fields: {
    edges: {
      type: required(listOf(EventEdge)),
      resolve: (page): Edge[] => page.events.map((event) => ({ event, page })),
    },
    pageInfo: { type: required(PageInfo), resolve: (page) => page },
  },
});

const INSTANT = 'RFC 3339 with zone, or a UTC date, which is its midnight.';

export const EventFilterInput = new GraphQLInputObjectType({
  name: 'EventFilter',
  description: 'Which events; all of the project where nothing is said.',
  fields: {
    name: { type: GraphQLString },
    source: { type: GraphQLString },
    userId: { type: GraphQLString },
    from: { type: GraphQLString, description: `Only what occurred at this instant or later: ${INSTANT}` },
    to: { type: GraphQLString, description: `Only what occurred before this instant: ${INSTANT}` },
  },
});
