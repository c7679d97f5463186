import type { Wanted } from '../live/live-subscription';
import type { GraphqlReads } from './graphql-reads';
import type { EventFeed } from './socket/event-feed';

/** What the resolvers of one request have. */
export interface GraphqlContext {
  readonly projectId: number;
  readonly reads: GraphqlReads;
  /** Only where there is a socket. */
  readonly follow?: (wanted: Wanted) => EventFeed;
}
