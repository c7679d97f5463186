import { problems, ProblemError } from '../transport/problem';
import { TooManySubscribersError, type LiveEvents } from './live-events';
import type { LiveSubscription, Wanted } from './live-subscription';

/** @throws {ProblemError} 429 when the process has all the subscribers it may. */
export function subscribeLive(live: LiveEvents, wanted: Wanted): LiveSubscription {
  try {
    return live.subscribe(wanted);
  } catch (error) {
    if (error instanceof TooManySubscribersError) throw new ProblemError(problems.tooManyStreams(), { cause: error });
    throw error;
  }
}
