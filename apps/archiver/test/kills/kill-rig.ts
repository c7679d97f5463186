import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { ensureLog } from '@app/messaging';
import { ApiKeys, hashApiKeySecret, mintApiKey, Projects } from '@app/persistence';
import { AppProcess, eventually, freshDatabase, type FreshDatabase } from '@app/testing';
import { idsOf, readBothTiers } from '../../../../libs/archive/test/both-tiers';
import { askingForText, type AskText } from './ask';
import { EventWriter } from './event-writer';
import { KnownEvents } from './known-events';
import { exportReader, listReader } from './list-reader';
import { singleReader } from './single-reader';
import { statisticsReader } from './statistics-reader';
import { Watch } from './watch';

const DAY_MS = 86_400_000;

/** A project, whoever writes to it, and who watches it. */
export interface WatchedProject {
  readonly id: number;
  readonly known: KnownEvents;
  readonly writer: EventWriter;
  readonly watch: Watch;
  readonly ask: AskText;
  /** Asks for the erasure of a user. */
  readonly erase: (userId: string) => Promise<void>;
}

/** API and consumers as processes of their own, on the embedded log; who archives, the test starts. */
export class KillRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-kills-'));
  readonly boundary = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - 7 * DAY_MS);
  private readonly consumers: readonly AppProcess[];
  private api: AppProcess | undefined;
  private port = 0;
  private projects = 0;

  private constructor(readonly db: FreshDatabase) {
    this.consumers = [this.process('consumer', { HEALTH_PORT: '0' }), this.process('consumer', { HEALTH_PORT: '0' })];
  }

  static async start(apiScript?: string): Promise<KillRig> {
    const db = await freshDatabase();
    const log = { kind: 'postgres', topic: 'events.v1', group: 'millrace-consumer', partitions: 12 } as const;
    await ensureLog(log, db.database, pino({ level: 'silent' }));
    const rig = new KillRig(db);
    await rig.startApi(apiScript);
    return rig;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A project of its own with `count` old events, more of which come all the while. */
  async project(count: number): Promise<WatchedProject> {
    this.projects += 1;
    const project = await new Projects(this.db.database).add(`watched ${this.projects}`);
    const id = project!.id;
    const key = mintApiKey();
    const hash = hashApiKeySecret(key.secret, '');
    await new ApiKeys(this.db.database).add({
      id: key.id,
      projectId: id,
      name: 'test',
      scopes: ['ingest', 'read', 'admin'],
      hash,
    });
    const known = new KnownEvents();
    const writer = new EventWriter({ url: this.url, key: key.text }, known, this.boundary);
    await writer.begin(count);
    writer.start();
    const ask = askingForText(this.url, key.text);
    const [lists, exports] = [listReader(ask, known, this.boundary), exportReader(ask, known)];
    const watch = new Watch({
      lists: async () => [...(await lists()), ...(await exports())],
      statistics: statisticsReader(ask, known, this.boundary),
      singles: singleReader(ask, known),
    });
    return { id, known, writer, watch, ask, erase: (userId) => this.erase(userId, key.text) };
  }

  /** What is wrong with the rows and files themselves, read by nothing of ours. */
  async lookAtTiers({ id, known }: WatchedProject): Promise<string[]> {
    const mark = known.mark();
    const rows = (await readBothTiers(this.db.url, this.folder)).filter(([project]) => project === String(id));
    const ids = idsOf(rows);
    const distinct = new Set(ids);
    const [must, may] = [known.must(mark), new Set(known.may(mark).map(({ event_id }) => event_id))];
    const lost = must.filter(({ event_id }) => !distinct.has(event_id)).length;
    const foreign = [...distinct].filter((eventId) => !may.has(eventId)).length;
    const figures = { lost, doubled: ids.length - distinct.size, foreign };
    return Object.entries(figures).flatMap(([what, count]) => (count === 0 ? [] : [`both tiers: ${count} ${what}`]));
  }

  /** Old events in the hot tier. */
  async waiting(): Promise<number> {
    const [row] = await this.db.database.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM events WHERE occurred_at < $1',
      [this.boundary],
    );
    return row?.count ?? 0;
  }

  /** Ids that consumers have refused, since they were stored. */
  async duplicates(): Promise<number> {
    const [row] = await this.db.database.query<{ sum: number }>(
      'SELECT coalesce(sum(duplicate), 0)::int AS sum FROM consumer_positions',
    );
    return row?.sum ?? 0;
  }

  /** Of a project; from now on, until it is told otherwise. */
  async keepFor(days: number | null, { id }: WatchedProject): Promise<void> {
    await this.db.database.query('UPDATE projects SET retention_days = $2 WHERE id = $1', [id, days]);
  }

  /** What the manifest names, but for what a run left that was killed, and what the folder has. */
  async files(): Promise<{ readonly named: readonly string[]; readonly there: readonly string[] }> {
    const named = await this.db.database.query<{ file: string }>(
      `SELECT file FROM cold_segments WHERE state <> 'writing' ORDER BY file`,
    );
    return { named: named.map(({ file }) => file), there: readdirSync(this.folder).sort() };
  }

  /** Resolves once consumers have dealt with all that is on the log. */
  async drained(): Promise<void> {
    await eventually(async () => {
      const [row] = await this.db.database.query<{ waiting: number }>(
        `SELECT count(*)::int AS waiting FROM log_partitions l
         LEFT JOIN consumer_positions p ON p.topic = 'postgres/' || l.topic AND p.partition = l.partition
         WHERE l.next_offset > coalesce(p.next_offset, 0)`,
      );
      expect(row?.waiting).toBe(0);
    }, 120_000);
  }

  async close(): Promise<void> {
    await Promise.all([this.api?.kill(), ...this.consumers.map((consumer) => consumer.kill())]);
    await this.db.drop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async erase(userId: string, key: string): Promise<void> {
    const headers = { 'X-API-Key': key };
    const { status } = await fetch(`${this.url}/api/v1/users/${userId}`, { method: 'DELETE', headers });
    expect(status).toBe(202);
  }

  private async startApi(script?: string): Promise<void> {
    this.api = this.process('api', { PORT: '0', LOG_LEVEL: 'info' }, script);
    this.port = (await this.api.logged('The API listens.'))['port'] as number;
  }

  private process(
    app: string,
    environment: Record<string, string>,
    script = `dist/apps/${app}/src/main.js`,
  ): AppProcess {
    return AppProcess.start(script, {
      DATABASE_URL: this.db.url,
      MILLRACE_LOG: 'postgres',
      MILLRACE_COLD_DIR: this.folder,
      MILLRACE_DRAIN_DELAY_MS: '0',
      RATE_LIMIT_EVENTS_PER_SECOND: '1000000000',
      RATE_LIMIT_BURST: '1000000000',
      ...environment,
    });
  }
}
