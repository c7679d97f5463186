import type { PostgresConfig } from '@app/config';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { CONNECT_TIMEOUT_MS, prepareSession, sessionOptions } from './data-source';

const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 5000;

/** A server that froze or vanished closes nothing; without a question now and then nobody would notice. */
const CHECK_EVERY_MS = 10_000;

/** Starts to listen; resolves after the first try. See `Database.listen`. */
export async function listenTo(
  config: PostgresConfig,
  channel: string,
  onNotify: (payload: string) => void,
): Promise<NotificationListener> {
  const listener = new NotificationListener(config, channel, onNotify);
  await listener.start();
  return listener;
}

interface Connection {
  /** Resolves when the connection was lost or dropped. */
  readonly lost: Promise<void>;
}

/** States: connecting → listening → (connection lost) waiting → connecting …; `stop` ends it from any of them. */
class NotificationListener {
  private drop: () => void = () => undefined;
  private check: NodeJS.Timeout | undefined;
  private following: Promise<void> = Promise.resolve();
  private readonly stopped = new AbortController();

  constructor(
    private readonly config: PostgresConfig,
    private readonly channel: string,
    private readonly onNotify: (payload: string) => void,
  ) {}

  async start(): Promise<void> {
    this.following = this.follow(await this.connect());
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    this.drop();
    await this.following;
  }

  /** Connects again after each loss, until stopped. */
  private async follow(first: Connection | undefined): Promise<void> {
    let connection = first;
    let failures = 0;
    do {
      failures = connection === undefined ? failures + 1 : 0;
      await connection?.lost;
      if (!(await this.pause(failures))) return;
      connection = await this.connect();
    } while (!this.stopped.signal.aborted);
  }

  private async connect(): Promise<Connection | undefined> {
    const client = new Client({
      ...sessionOptions(this.config, 'work'),
      connectionString: this.config.url,
      application_name: 'millrace-listen',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    });
    const lost = new Promise<void>((resolve) => {
      // Told by us and not by the socket: one of a frozen server stays open however often it is closed from here.
      this.drop = () => {
        clearInterval(this.check);
        resolve();
        // It can only fail on a connection that is gone.
        void client.end().catch(() => undefined);
      };
    });
    client.on('error', this.drop);
    client.on('end', this.drop);
    client.on('notification', ({ payload }) => {
      this.onNotify(payload ?? '');
    });
    try {
      await client.connect();
      await prepareSession(client, this.config, 'work');
      await client.query(`LISTEN ${client.escapeIdentifier(this.channel)}`);
    } catch {
      // Away: `follow` tries again for ever, and who reads the tables hears of the outage by its own queries.
      this.drop();
      return undefined;
    }
    if (this.stopped.signal.aborted) {
      this.drop();
      return undefined;
    }
    this.check = setInterval(() => {
      client.query('SELECT 1').catch(this.drop);
    }, CHECK_EVERY_MS);
    this.onNotify('');
    return { lost };
  }

  /** False when it was stopped meanwhile. Jittered, so that all processes do not come back in the same instant. */
  private async pause(failures: number): Promise<boolean> {
    const longest = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures);
    try {
      await delay(longest * (0.5 + Math.random() / 2), undefined, { signal: this.stopped.signal });
      return true;
    } catch {
      return false;
    }
  }
}
