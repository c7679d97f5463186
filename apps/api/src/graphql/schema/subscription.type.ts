import { GraphQLObjectType, type GraphQLFieldConfig } from 'graphql';
import { EventFilterDto } from '../../query/event-filter.dto';
import { toEventFilter } from '../../query/event-filter.convert';
import { problems, ProblemError } from '../../transport/problem';
import type { GraphqlContext } from '../graphql-context';
import { readArguments, type Arguments } from '../read-arguments';
import { EventFilterInput, EventType, required } from './event.type';
import { FILTER_NAMES, flatFilter } from './filter';
import type { EventView } from './views';

const eventStream: GraphQLFieldConfig<EventView, GraphqlContext, Arguments> = {
  type: required(EventType),
  description:
    'Every event from now on, as soon as the log has it. Without history: after a break, begin with a query.',
  args: { filter: { type: EventFilterInput } },
  subscribe: (_, given, { projectId, follow }) =>
    readArguments(EventFilterDto, flatFilter(given), FILTER_NAMES, (checked) => {
      if (follow === undefined) throw new ProblemError(problems.malformed('A subscription needs a WebSocket.'));
      return follow({ filter: { projectId, ...toEventFilter(checked) }, from: undefined });
    }),
  resolve: (event, _, { reads }) => {
    reads.beginAnswer();
    return event;
  },
};

export const SubscriptionType = new GraphQLObjectType<EventView, GraphqlContext>({
  name: 'Subscription',
  fields: { eventStream },
});
