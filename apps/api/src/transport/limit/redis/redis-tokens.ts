import { setTimeout as delay } from 'node:timers/promises';
import type { LimitConfig } from '@app/config';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { SharedTokens, type Lease, type LeaseRequest } from '../shared-tokens.port';
import { LEASE_SCRIPT } from './lease-script';

const COMMAND_TIMEOUT_MS = 50;
const CONNECT_TIMEOUT_MS = 2000;
const RECONNECT_MS = 500;
const PREFIX = 'millrace:limit:';

/**
 * Buckets in Redis. Away is whoever fails to answer one command in time: its connection is given up at once, with all
 * that waits on it, so that nothing piles up, and a new one is tried every half second for ever. Up again is whoever
 * runs the script on a new connection. Each change has one log line.
 */
export class RedisTokens extends SharedTokens {
  private answers: boolean | undefined;
  private closed = false;

  private constructor(
    private readonly redis: Redis,
    private readonly config: LimitConfig,
    private readonly logger: Logger,
  ) {
    super();
  }

  /** Connects behind the back of the caller: a process starts without Redis, too. */
  static async open(config: LimitConfig & { readonly redisUrl: string }, logger: Logger): Promise<RedisTokens> {
    // Loaded only where it is used: it costs 19 MB of memory and 0.1 s.
    const { Redis: Client } = await import('ioredis');
    const redis = new Client(config.redisUrl, {
      lazyConnect: true,
      enableOfflineQueue: false,
      // Sends INFO and waits for it without a limit; our own first command asks the same.
      enableReadyCheck: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      connectTimeout: CONNECT_TIMEOUT_MS,
      disconnectTimeout: COMMAND_TIMEOUT_MS,
      retryStrategy: () => RECONNECT_MS,
    });
    const tokens = new RedisTokens(redis, config, logger);
    tokens.watch();
    return tokens;
  }

  override get up(): boolean {
    return this.answers === true;
  }

  override async lease({ keyId, want, debt }: LeaseRequest): Promise<Lease> {
    const { eventsPerSecond, burst } = this.config;
    const answer = await this.inTime(
      this.redis.eval(LEASE_SCRIPT, 1, PREFIX + keyId, eventsPerSecond, burst, want, debt),
    );
    const [granted, left] = answer as [number, string];
    return { granted, left: Number(left) };
  }

  /** By a lease of nothing: where a PING passes, the script may be forbidden, or the server a replica of another. */
  override async ping(): Promise<void> {
    await this.lease({ keyId: '', want: 0, debt: 0 });
  }

  override close(): void {
    this.closed = true;
    this.redis.disconnect();
  }

  private watch(): void {
    // Without a listener ioredis prints every failed attempt.
    this.redis.on('error', (error: Error) => {
      this.isAway(error);
    });
    this.redis.on('close', () => {
      this.isAway(new Error('The connection was closed.'));
    });
    this.redis.on('ready', () => {
      this.ping().then(
        () => {
          this.isUp();
        },
        () => undefined,
      );
    });
    this.redis.connect().catch(() => undefined); // said by the event
  }

  /** @throws what Redis says, or that it says nothing; it is away then. */
  private async inTime<T>(command: Promise<T>): Promise<T> {
    const over = new AbortController();
    try {
      return await Promise.race([command, tooLate(over.signal)]);
    } catch (error) {
      this.isAway(error);
      command.catch(() => undefined);
      if (this.redis.status === 'ready') this.redis.disconnect(true);
      throw error;
    } finally {
      over.abort();
    }
  }

  private isUp(): void {
    if (this.answers === true) return;
    this.answers = true;
    this.logger.info('The limits of the keys are shared through Redis.');
  }

  private isAway(error: unknown): void {
    if (this.answers === false || this.closed) return;
    this.answers = false;
    // Only the message: an error of ioredis carries the arguments of its command, and of AUTH that is the password.
    const reason = error instanceof Error ? error.message : String(error);
    this.logger.warn({ reason }, 'Redis is away: each replica grants its share of the limits.');
  }
}

async function tooLate(signal: AbortSignal): Promise<never> {
  await delay(COMMAND_TIMEOUT_MS, undefined, { signal });
  // Where the process itself was busy, the answer has come and is read in this turn, before an immediate runs.
  await new Promise((resolve) => setImmediate(resolve));
  throw new Error(`No answer within ${COMMAND_TIMEOUT_MS} ms.`);
}
