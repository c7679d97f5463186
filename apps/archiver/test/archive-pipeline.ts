import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { ensureLog } from '@app/messaging';
import { ApiKeys, hashApiKeySecret, mintApiKey } from '@app/persistence';
import { AppProcess, freshDatabase } from '@app/testing';

type Database = Awaited<ReturnType<typeof freshDatabase>>;

const DAY_MS = 86_400_000;

/** What the API says of the same events on every door. */
export interface Answers {
  readonly walked: readonly unknown[];
  readonly filtered: readonly unknown[];
  readonly single: readonly unknown[];
  readonly csv: string;
  readonly ndjson: string;
  readonly graphql: unknown;
}

/** API, consumers and archivers as processes of their own, on the embedded log, a database and a folder of their own. */
export class ArchivePipeline {
  readonly processes: AppProcess[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-cold-'));
  private url = '';

  private constructor(
    readonly db: Database,
    readonly key: string,
  ) {}

  static async open(db?: Database): Promise<ArchivePipeline> {
    db ??= await freshDatabase();
    const { id, secret, text } = mintApiKey();
    const hash = hashApiKeySecret(secret, '');
    await new ApiKeys(db.database).add({ id, projectId: 1, name: 'test', scopes: ['admin'], hash });
    const log = { kind: 'postgres', topic: 'events.v1', group: 'millrace-consumer', partitions: 3 } as const;
    await ensureLog(log, db.database, pino({ level: 'silent' }));
    return new ArchivePipeline(db, text);
  }

  /** What is moved occurred before it. */
  get boundary(): Date {
    return new Date((Math.floor(Date.now() / DAY_MS) - 7) * DAY_MS);
  }

  async startApi(): Promise<string> {
    const { port } = await this.start('api', { PORT: '0' }).logged('The API listens.');
    return (this.url = `http://127.0.0.1:${String(port)}`);
  }

  startConsumer(): AppProcess {
    return this.start('consumer', { HEALTH_PORT: '0' });
  }

  /** A short pause between runs, unless told otherwise. */
  startArchiver(environment: Record<string, string> = {}): AppProcess {
    return this.start('archiver', { HEALTH_PORT: '0', MILLRACE_ARCHIVE_INTERVAL_MS: '500', ...environment });
  }

  async hotRows(condition: string, parameters: readonly unknown[]): Promise<number> {
    const [row] = await this.db.database.query<{ rows: number }>(
      `SELECT count(*)::int AS rows FROM events WHERE ${condition}`,
      parameters,
    );
    return row!.rows;
  }

  /** @param key null: the path has a ticket. */
  async get(path: string, key: string | null = this.key): Promise<Response> {
    const answer = await fetch(this.url + path, { headers: key === null ? {} : { 'X-API-Key': key } });
    if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
    return answer;
  }

  /** @returns the JSON of the answer. */
  async send(method: 'POST' | 'PATCH', path: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    const headers = { 'X-API-Key': this.key, 'Content-Type': 'application/json' };
    const answer = await fetch(this.url + path, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as Readonly<Record<string, unknown>>;
  }

  async answers(eventIds: readonly string[]): Promise<Answers> {
    const text = async (path: string): Promise<string> => (await this.get(path)).text();
    return {
      walked: await this.walk('limit=20'),
      filtered: await this.walk('limit=7&user_id=user-1'),
      single: await Promise.all(eventIds.map(async (id) => (await this.get(`/api/v1/events/${id}`)).json())),
      csv: await text('/api/v1/events.csv'),
      ndjson: await text('/api/v1/events.ndjson?name=name-0'),
      graphql: await this.graphql(),
    };
  }

  /** Asks again and again, and once more when `until` has resolved. */
  async answersUntil(eventIds: readonly string[], until: Promise<unknown>): Promise<Answers[]> {
    const all: Answers[] = [];
    const over = new AbortController();
    void until.finally(() => {
      over.abort();
    });
    while (!over.signal.aborted) all.push(await this.answers(eventIds));
    await until;
    return all;
  }

  /** All events of a list, page by page. */
  async walk(query: string): Promise<unknown[]> {
    const walked: unknown[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const path = `/api/v1/events?${query}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
      const page = (await (await this.get(path)).json()) as { data: unknown[]; next_cursor: string | null };
      walked.push(...page.data);
      cursor = page.next_cursor;
    }
    return walked;
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.kill()));
    await this.db.drop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private graphql(): Promise<unknown> {
    return this.send('POST', '/graphql', {
      query: '{ lastEvents(limit: 60) { id name userId amount timestamp data } }',
    });
  }

  private start(app: string, environment: Record<string, string>): AppProcess {
    const process = AppProcess.start(`dist/apps/${app}/src/main.js`, {
      DATABASE_URL: this.db.url,
      MILLRACE_LOG: 'postgres',
      MILLRACE_COLD_DIR: this.folder,
      MILLRACE_DRAIN_DELAY_MS: '0',
      ...environment,
    });
    this.processes.push(process);
    return process;
  }
}
