import { GraphQLSchema } from 'graphql';
import { QueryType } from './query.type';
import { SubscriptionType } from './subscription.type';

/** All that can be asked by GraphQL. `docs/schema.graphql` is held to it. */
export const schema = new GraphQLSchema({ query: QueryType, subscription: SubscriptionType });
