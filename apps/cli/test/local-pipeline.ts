import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { ensureLog } from '@app/messaging';
import { ApiKeys, DEFAULT_PROJECT, hashApiKeySecret, mintApiKey, Projects } from '@app/persistence';
import { AppProcess, eventually, freshDatabase } from '@app/testing';

type Database = Awaited<ReturnType<typeof freshDatabase>>;

/** What the store holds, in the form that the tests compare. */
export const STORED_ROWS = `SELECT event_id::text, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS occurred_at,
  user_id, name, data FROM events ORDER BY event_id`;

/** API and one consumer as processes of their own, on the embedded log: no Kafka is needed. */
export class LocalPipeline {
  private api: { readonly process: AppProcess; readonly port: number } | undefined;
  private consumer: AppProcess | undefined;
  private archiver: AppProcess | undefined;

  private readonly folder = mkdtempSync(join(tmpdir(), 'millrace-cold-'));

  private constructor(
    readonly db: Database,
    readonly key: string,
  ) {}

  static async start(): Promise<LocalPipeline> {
    const db = await freshDatabase();
    const key = await addKey(db, DEFAULT_PROJECT);
    const log = { kind: 'postgres', topic: 'events.v1', group: 'millrace-consumer', partitions: 12 } as const;
    await ensureLog(log, db.database, pino({ level: 'silent' }));
    const pipeline = new LocalPipeline(db, key);
    await pipeline.startApi();
    pipeline.consumer = pipeline.process('consumer', { HEALTH_PORT: '0' });
    return pipeline;
  }

  get url(): string {
    return `http://127.0.0.1:${this.api?.port ?? 0}`;
  }

  /** Another project. @returns its key. */
  async addProject(name: string): Promise<string> {
    const project = await new Projects(this.db.database).add(name);
    return addKey(this.db, project!.id);
  }

  /** Erasures need one. */
  startArchiver(): void {
    this.archiver = this.process('archiver', { HEALTH_PORT: '0' });
  }

  /** SIGKILL, and a new one on the same port. */
  async crashApi(): Promise<void> {
    await this.api?.process.kill();
    await this.startApi();
  }

  async count(): Promise<number> {
    const [row] = await this.db.database.query<{ count: number }>('SELECT count(*)::int AS count FROM events');
    return row?.count ?? 0;
  }

  async duplicates(): Promise<number> {
    const [row] = await this.db.database.query<{ sum: number }>(
      'SELECT coalesce(sum(duplicate), 0)::int AS sum FROM consumer_positions',
    );
    return row?.sum ?? 0;
  }

  /** Resolves once the consumer has dealt with everything on the log. */
  async drained(timeoutMs = 60_000): Promise<void> {
    await eventually(async () => {
      const [row] = await this.db.database.query<{ waiting: number }>(
        `SELECT count(*)::int AS waiting
         FROM log_partitions l LEFT JOIN consumer_positions p
           ON p.topic = 'postgres/' || l.topic AND p.partition = l.partition
         WHERE l.next_offset > coalesce(p.next_offset, 0)`,
      );
      expect(row?.waiting).toBe(0);
    }, timeoutMs);
  }

  async stop(): Promise<void> {
    await this.api?.process.kill();
    await this.consumer?.kill();
    await this.archiver?.kill();
    await this.db.drop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async startApi(): Promise<void> {
    const process = this.process('api', { PORT: String(this.api?.port ?? 0) });
    this.api = { process, port: (await process.logged('The API listens.'))['port'] as number };
  }

  private process(app: 'api' | 'consumer' | 'archiver', environment: Record<string, string>): AppProcess {
    return AppProcess.start(`dist/apps/${app}/src/main.js`, {
      DATABASE_URL: this.db.url,
      MILLRACE_LOG: 'postgres',
      MILLRACE_COLD_DIR: this.folder,
      ...environment,
    });
  }
}

/** A key to send and to read. */
async function addKey(db: Database, projectId: number): Promise<string> {
  const { id, secret, text } = mintApiKey();
  const hash = hashApiKeySecret(secret, '');
  await new ApiKeys(db.database).add({ id, projectId, name: 'test', scopes: ['ingest', 'read'], hash });
  return text;
}
