import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import type { LogConfig } from '@app/config';
import { PostgresServer } from '@app/embedded';
import { ensureLog } from '@app/messaging';
import { ApiKeys, ConsumerPositions, Database, hashApiKeySecret, migrateUp, mintApiKey } from '@app/persistence';
import {
  AppProcess,
  eventually,
  KafkaProxy,
  outageSize,
  startKafkaBroker,
  topicEnds,
  type KafkaBroker,
} from '@app/testing';

const APIS = 2;
const CONSUMERS = 3;
const PARTITIONS = 12;
const SESSION_MS = 6000;
const NAMES = { topic: 'events.v1', group: 'outage' };

interface KafkaBehindProxy {
  readonly broker: KafkaBroker;
  readonly proxy: KafkaProxy;
}

/** Two API replicas and three consumers on a PostgreSQL and, when `log` is kafka, a broker of their own: all may be taken away. */
export class OutageRig {
  readonly apis: AppProcess[] = [];
  readonly consumers: AppProcess[] = [];
  readonly key = mintApiKey();
  readonly proxy: KafkaProxy | undefined;
  private readonly urls: string[] = [];
  private requests = 0;
  private readonly replaced = new Set<AppProcess>();

  readonly log: LogConfig['kind'];
  private readonly database: Database;

  private constructor(
    private postgres: PostgresServer,
    private readonly folder: string,
    private readonly kafka: KafkaBehindProxy | undefined,
  ) {
    this.log = kafka === undefined ? 'postgres' : 'kafka';
    this.proxy = kafka?.proxy;
    this.database = new Database({ url: postgres.url, poolSize: 4, queryTimeoutMs: 20_000 });
  }

  static async start(log: LogConfig['kind']): Promise<OutageRig> {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-outage-'));
    chmodSync(folder, 0o755);
    const [postgres, kafka] = await Promise.all([startPostgres(folder), log === 'kafka' ? startKafka() : undefined]);
    const rig = new OutageRig(postgres, folder, kafka);
    await rig.prepare();
    for (let number = 0; number < APIS; number += 1) await rig.startApi(number);
    for (let number = 0; number < CONSUMERS; number += 1) rig.startConsumer(number);
    await Promise.all(rig.consumers.map((consumer) => consumer.logged('Joined the consumer group.')));
    return rig;
  }

  async close(): Promise<void> {
    await Promise.all([...this.apis, ...this.consumers].map((process) => process.kill()));
    await this.database.close();
    await this.kafka?.broker.stop();
    await this.kafka?.proxy.close();
    await this.postgres.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get broker(): KafkaBroker {
    if (this.kafka === undefined) throw new Error('The embedded log has no broker.');
    return this.kafka.broker;
  }

  /** Of the API replicas in turns, as a load balancer gives them out. */
  readonly nextUrl = (): string => {
    this.requests += 1;
    return this.urls[this.requests % this.urls.length] ?? '';
  };

  async stopPostgres(): Promise<void> {
    await this.postgres.stop();
  }

  /** On the same data and port. */
  async startPostgres(): Promise<void> {
    this.postgres = await startPostgres(this.folder, this.postgres.port);
  }

  /** Everything, one after another, as a careful operator does; each process must end with 0. */
  async restartEverything(): Promise<void> {
    for (const [number, consumer] of [...this.consumers.entries()]) {
      this.replaced.add(consumer);
      expect(await consumer.stop()).toBe(0);
      await this.startConsumer(number).logged('Joined the consumer group.');
    }
    for (const [number, api] of [...this.apis.entries()]) {
      this.replaced.add(api);
      expect(await api.stop()).toBe(0);
      await this.startApi(number);
    }
    await this.stopPostgres();
    await this.startPostgres();
    await this.kafka?.broker.restart();
  }

  /** Records below `ends` that the group has not stored, as PostgreSQL knows it. */
  async unreadBelow(ends: ReadonlyMap<number, number>): Promise<number> {
    const next = await this.nextOffsets();
    return [...ends].reduce((sum, [partition, end]) => sum + Math.max(0, end - (next.get(partition) ?? 0)), 0);
  }

  /** Per partition the offset up to which everything is stored. */
  async nextOffsets(): Promise<Map<number, number>> {
    const positions = await new ConsumerPositions(this.database).list();
    return new Map(positions.map(({ partition, nextOffset }) => [partition, nextOffset]));
  }

  async storedIds(): Promise<string[]> {
    const rows = await this.database.query<{ event_id: string }>('SELECT event_id FROM events');
    return rows.map(({ event_id }) => event_id);
  }

  /** What went wrong with the bookkeeping and the processes; empty on a good day. */
  async complaints(): Promise<string[]> {
    const positions = await new ConsumerPositions(this.database).list();
    const unbalanced = positions
      .filter((p) => p.stored + p.duplicate + p.dead + p.erased !== p.nextOffset - p.firstOffset)
      .map((p) => `partition ${p.partition} is not balanced: ${JSON.stringify(p)}`);
    const ended = [...this.apis, ...this.consumers]
      .filter((process) => process.exitCode !== undefined && !this.replaced.has(process))
      .map((process) => `a process ended that was not killed: ${process.said()}`);
    return [...unbalanced, ...ended];
  }

  private async prepare(): Promise<void> {
    await migrateUp(this.database);
    await ensureLog(this.logConfig(), this.database, pino({ level: 'silent' }));
    const hash = hashApiKeySecret(this.key.secret, '');
    const key = { id: this.key.id, projectId: 1, name: 'outage', scopes: ['ingest' as const], hash };
    await new ApiKeys(this.database).add(key);
  }

  /** Per partition the offset of the next record. */
  async logEnds(): Promise<Map<number, number>> {
    if (this.log === 'kafka') return topicEnds({ brokers: this.broker.brokers, topic: NAMES.topic });
    const rows = await this.database.query<{ partition: number; end: string }>(
      'SELECT partition, next_offset AS end FROM log_partitions',
    );
    return new Map(rows.map(({ partition, end }) => [partition, Number(end)]));
  }

  private logConfig(): LogConfig {
    if (this.log === 'postgres') return { kind: 'postgres', ...NAMES, partitions: PARTITIONS };
    const brokers = [this.broker.brokers];
    const security = { ssl: false, sasl: undefined };
    const sizes = { partitions: PARTITIONS, sessionTimeoutMs: SESSION_MS };
    return { kind: 'kafka', kafka: { brokers, ...NAMES, ...security, ...sizes } };
  }

  private async startApi(number: number): Promise<void> {
    const api = AppProcess.start('dist/apps/api/src/main.js', {
      ...this.environment(this.kafka?.broker.brokers),
      PORT: '0',
      MILLRACE_PUBLISH_TIMEOUT_MS: String(outageSize.publishTimeoutMs),
      MILLRACE_DRAIN_DELAY_MS: '200',
      RATE_LIMIT_EVENTS_PER_SECOND: '1000000000',
      RATE_LIMIT_BURST: '1000000000',
    });
    this.apis[number] = api;
    this.urls[number] = `http://127.0.0.1:${String((await api.logged('The API listens.'))['port'])}`;
  }

  private startConsumer(number: number): AppProcess {
    const consumer = AppProcess.start('dist/apps/consumer/src/main.js', {
      ...this.environment(this.proxy === undefined ? undefined : `127.0.0.1:${this.proxy.port}`),
      HEALTH_PORT: '0',
    });
    this.consumers[number] = consumer;
    return consumer;
  }

  private environment(brokers: string | undefined): Record<string, string> {
    return {
      DATABASE_URL: this.postgres.url,
      MILLRACE_LOG: this.log,
      KAFKA_TOPIC: NAMES.topic,
      KAFKA_GROUP: NAMES.group,
      ...(brokers === undefined ? {} : { KAFKA_BROKERS: brokers }),
      KAFKA_SESSION_TIMEOUT_MS: String(SESSION_MS),
      MILLRACE_DATABASE_QUERY_TIMEOUT_MS: '2900',
    };
  }
}

/** How long a group on this rig waits for a member that says nothing, and half as long again. */
export const BEYOND_SESSION_MS = SESSION_MS * 1.5;

/** An outage lasts; this is no wait for something to happen. */
export function lasting(ms: number): Promise<void> {
  return delay(ms);
}

function startPostgres(folder: string, port?: number): Promise<PostgresServer> {
  const dataDir = join(folder, 'postgresql');
  return eventually(
    () => PostgresServer.start({ dataDir, settings: { fsync: 'off' }, ...(port === undefined ? {} : { port }) }),
    30_000,
  );
}

async function startKafka(): Promise<KafkaBehindProxy> {
  const proxy = await KafkaProxy.listen();
  const broker = await startKafkaBroker({ proxied: { advertisedPort: proxy.port } });
  proxy.forwardTo(broker.proxiedPort!);
  return { broker, proxy };
}
