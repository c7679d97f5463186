import { Database } from '@app/persistence';
import { freshDatabase, runSql } from '@app/testing';
import { appendRecords } from '../src/postgres/append-records';
import { ensureEmbeddedLog } from '../src/postgres/embedded-log';

/** A topic of the embedded log in a database of its own. */
export interface EmbeddedTopic {
  readonly topic: string;
  readonly database: Database;
  /** Another process' pool on the same database. Closed by `drop`. */
  anotherDatabase(): Database;
  /** Puts `count` records of `bytes` bytes each on a partition. */
  append(partition: number, count: number, bytes?: number): Promise<void>;
  /** Ends every connection and lets nobody in until `endOutage`. */
  beginOutage(): Promise<void>;
  endOutage(): Promise<void>;
  drop(): Promise<void>;
}

export async function freshEmbeddedTopic(partitions: number): Promise<EmbeddedTopic> {
  const fresh = await freshDatabase();
  const { database, config } = fresh;
  const topic = 'events.v1';
  const others: Database[] = [];
  await ensureEmbeddedLog(database, { topic, partitions });
  const name = new URL(config.url).pathname.slice(1);
  const server = new URL(config.url);
  server.pathname = '/postgres';
  const allowConnections = (allowed: boolean): Promise<unknown> =>
    runSql(server.href, `ALTER DATABASE ${name} ALLOW_CONNECTIONS ${allowed}`);
  return {
    topic,
    database,
    anotherDatabase: () => {
      const other = new Database(config);
      others.push(other);
      return other;
    },
    append: (partition, count, bytes = 10) => {
      const record = { partition, key: null, value: Buffer.alloc(bytes, 'x'), headers: Buffer.alloc(0) };
      return appendRecords(database, topic, new Array<typeof record>(count).fill(record));
    },
    beginOutage: async () => {
      await allowConnections(false);
      await runSql(server.href, 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    },
    endOutage: async () => {
      await allowConnections(true);
    },
    drop: async () => {
      await Promise.all(others.map((other) => other.close()));
      await fresh.drop();
    },
  };
}
