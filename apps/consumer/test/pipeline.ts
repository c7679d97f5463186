import { ApiKeys, ConsumerPositions, hashApiKeySecret, mintApiKey } from '@app/persistence';
import { AppProcess, committedOffsets, eventually, freshDatabase, freshTopic, topicEnds } from '@app/testing';

type Database = Awaited<ReturnType<typeof freshDatabase>>;
type Positions = Awaited<ReturnType<ConsumerPositions['list']>>;

/** API and consumers as processes of their own, on a database and a topic of their own. */
export class Pipeline {
  readonly processes: AppProcess[] = [];
  private constructor(
    readonly db: Database,
    readonly topic: Awaited<ReturnType<typeof freshTopic>>,
    readonly key: string,
    private readonly brokers: string,
  ) {}

  static async open(brokers: string): Promise<Pipeline> {
    const [db, topic] = await Promise.all([freshDatabase(), freshTopic([brokers])]);
    const key = mintApiKey();
    const hash = hashApiKeySecret(key.secret, '');
    await new ApiKeys(db.database).add({ id: key.id, projectId: 1, name: 'test', scopes: ['ingest', 'read'], hash });
    return new Pipeline(db, topic, key.text, brokers);
  }

  async api(
    port = 0,
    environment: Record<string, string> = {},
  ): Promise<{ process: AppProcess; url: string; port: number }> {
    const unlimited = { RATE_LIMIT_EVENTS_PER_SECOND: '1000000000', RATE_LIMIT_BURST: '1000000000' };
    const settings = { PORT: String(port), ...unlimited, ...environment };
    const process = this.start('dist/apps/api/src/main.js', settings);
    const listening = (await process.logged('The API listens.'))['port'] as number;
    return { process, url: `http://127.0.0.1:${listening}`, port: listening };
  }

  /** @param brokers where this one finds Kafka; the pipeline's own brokers when left out. */
  consumer(brokers = this.brokers, script = 'dist/apps/consumer/src/main.js'): AppProcess {
    return this.start(script, { HEALTH_PORT: '0', KAFKA_BROKERS: brokers });
  }

  /** A consumer with settings of its own. */
  consumerWith(environment: Record<string, string>, script = 'dist/apps/consumer/src/main.js'): AppProcess {
    return this.start(script, { HEALTH_PORT: '0', ...environment });
  }

  archiver(environment: Record<string, string> = {}): AppProcess {
    return this.start('dist/apps/archiver/src/main.js', { HEALTH_PORT: '0', ...environment });
  }

  /** The same once it has joined its group, and where its health server is. */
  async joinedConsumer(
    environment: Record<string, string> = {},
    script?: string,
  ): Promise<{ process: AppProcess; url: string }> {
    const process = this.consumerWith(environment, script);
    const { port } = await process.logged('The health server listens.');
    await process.logged('Joined the consumer group.');
    return { process, url: `http://127.0.0.1:${String(port)}` };
  }

  /** Ids of all rows, one entry per row. */
  async storedIds(): Promise<string[]> {
    const rows = await this.db.database.query<{ event_id: string }>('SELECT event_id FROM events');
    return rows.map(({ event_id }) => event_id);
  }

  /** Records that the group has committed in Kafka. */
  async committed(): Promise<number> {
    const { topic, group } = this.topic;
    const offsets = await committedOffsets({ brokers: this.brokers, topic }, group);
    return [...offsets.values()].reduce((sum, offset) => sum + offset, 0);
  }

  async positions(): Promise<Positions> {
    return new ConsumerPositions(this.db.database).list();
  }

  /** Resolves once the group has stored everything that is on the topic. */
  async drained(timeoutMs: number): Promise<void> {
    await eventually(async () => {
      const ends = await topicEnds({ brokers: this.brokers, topic: this.topic.topic });
      const positions = await this.positions();
      const next = new Map(positions.map((position) => [position.partition, position.nextOffset]));
      for (const [partition, end] of ends) expect([partition, next.get(partition) ?? 0]).toEqual([partition, end]);
    }, timeoutMs);
  }

  /** Topic and group stay: their broker is the test's own and goes with it. */
  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.kill()));
    await this.db.drop();
  }

  private start(script: string, environment: Record<string, string>): AppProcess {
    const process = AppProcess.start(script, {
      DATABASE_URL: this.db.url,
      KAFKA_BROKERS: this.brokers,
      KAFKA_TOPIC: this.topic.topic,
      KAFKA_GROUP: this.topic.group,
      KAFKA_SESSION_TIMEOUT_MS: '6000',
      MILLRACE_DATABASE_QUERY_TIMEOUT_MS: '2900',
      LOG_LEVEL: 'info',
      MILLRACE_DRAIN_DELAY_MS: '0',
      ...environment,
    });
    this.processes.push(process);
    return process;
  }
}
