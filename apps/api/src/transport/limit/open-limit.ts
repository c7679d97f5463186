import type { LimitConfig } from '@app/config';
import type { Logger } from 'pino';
import { EventLimit } from './event-limit';
import { RedisTokens } from './redis/redis-tokens';

/** The limit of the keys; shared with the other replicas when there is a Redis. Does not wait for it. */
export async function openLimit(config: LimitConfig, logger: Logger): Promise<EventLimit> {
  const { redisUrl } = config;
  return new EventLimit(
    config,
    redisUrl === undefined ? undefined : await RedisTokens.open({ ...config, redisUrl }, logger),
  );
}
