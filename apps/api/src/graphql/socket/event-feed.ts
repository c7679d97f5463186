import type { LiveSubscription } from '../../live/live-subscription';
import { problems, ProblemError, type Problem } from '../../transport/problem';
import { toEventView, type EventView } from '../schema/views';

/** Its socket is closed with the reason; the process does that for all of them when it stops. */
const SILENT: ReadonlySet<string> = new Set(['closed', 'closing', 'stalled']);

/** The source of a subscription, as `subscribe` of graphql takes it. */
export interface EventFeed extends AsyncIterable<EventView> {
  next(): Promise<IteratorResult<EventView, void>>;
  return(): Promise<IteratorResult<EventView, void>>;
}

/**
 * The events of a subscription one by one, at the pace of whoever iterates. Ends when that returns, at once.
 *
 * @param onEnd called at least once.
 */
export function eventFeed(subscription: LiveSubscription, onEnd: () => void): EventFeed {
  const events = eventsOf(subscription, onEnd);
  const end = (): void => {
    // A generator that waits for its next event would hear of it only then.
    subscription.close();
    onEnd();
  };
  const feed: EventFeed = {
    next: () => events.next(),
    return: () => {
      end();
      return events.return(undefined);
    },
    [Symbol.asyncIterator]: () => feed,
  };
  return feed;
}

async function* eventsOf(subscription: LiveSubscription, onEnd: () => void): AsyncGenerator<EventView, void> {
  try {
    for await (const update of subscription) {
      if (update.kind === 'events') for (const { event } of update.events) yield toEventView(event);
      if (update.kind === 'gap') throw new ProblemError(LOST);
      if (update.kind === 'end' && update.reason === 'behind') throw new ProblemError(problems.tooSlowToFollow());
      if (update.kind === 'end' && !SILENT.has(update.reason)) throw new ProblemError(LOST);
    }
  } finally {
    onEnd();
  }
}

const LOST: Problem = problems.followingLost();
