import { setTimeout as delay } from 'node:timers/promises';
import { loadCliConfig, readEnvironment } from '@app/config';
import { ApiEventSender, type RetryPolicy } from './api-event-sender';
import { resolveEndpoint, type EndpointFlags } from './endpoint';
import { postEventsTo } from './post-events';

const GIVE_UP_AFTER_MS = 60_000;

/**
 * A sender to the API that flags, environment or this machine name.
 *
 * @param interrupt ends the waiting for another attempt; `send` then throws.
 * @throws {CannotRunError} saying what is missing.
 */
export function apiSender(
  flags: EndpointFlags,
  interrupt: AbortSignal,
  onRetry: RetryPolicy['onRetry'],
): ApiEventSender {
  const endpoint = resolveEndpoint(flags, loadCliConfig(readEnvironment()));
  return new ApiEventSender(postEventsTo(endpoint), {
    giveUpAfterMs: GIVE_UP_AFTER_MS,
    now: () => performance.now(),
    wait: (ms) => delay(ms, undefined, { signal: interrupt }),
    onRetry,
  });
}
