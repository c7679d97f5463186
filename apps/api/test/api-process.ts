import { readFileSync, writeFileSync } from 'node:fs';
import { pino } from 'pino';
import { ensureLog } from '@app/messaging';
import { ApiKeys, hashApiKeySecret, mintApiKey, type Scope } from '@app/persistence';
import { AppProcess, freshDatabase, type FreshDatabase } from '@app/testing';

/** The compiled API as a process of its own, on the embedded log: to be looked at from outside. */
export class ApiProcess {
  private constructor(
    readonly db: FreshDatabase,
    readonly process: AppProcess,
    readonly port: number,
    readonly key: string,
  ) {}

  static async start(environment: Readonly<Record<string, string>> = {}): Promise<ApiProcess> {
    const db = await freshDatabase();
    const log = { kind: 'postgres', topic: 'events.v1', group: 'millrace-consumer', partitions: 12 } as const;
    await ensureLog(log, db.database, pino({ level: 'silent' }));
    const key = await addKeyTo(db, ['ingest', 'read']);
    const process = AppProcess.start('dist/apps/api/src/main.js', {
      DATABASE_URL: db.url,
      MILLRACE_LOG: 'postgres',
      PORT: '0',
      MILLRACE_DRAIN_DELAY_MS: '0',
      RATE_LIMIT_EVENTS_PER_SECOND: '1000000000',
      RATE_LIMIT_BURST: '1000000000',
      LOG_LEVEL: 'info',
      ...environment,
    });
    const port = (await process.logged('The API listens.'))['port'] as number;
    return new ApiProcess(db, process, port, key);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A key of project `default`. */
  addKey(scopes: readonly Scope[]): Promise<string> {
    return addKeyTo(this.db, scopes);
  }

  /** Resident memory now, in bytes. Linux only. */
  get rssBytes(): number {
    return this.memory('VmRSS');
  }

  /** Resident memory now, in bytes, from which on the peak is measured. Linux only. */
  measureFromNow(): number {
    writeFileSync(`/proc/${this.process.pid}/clear_refs`, '5'); // proc(5): resets VmHWM
    return this.rssBytes;
  }

  /** The most that was resident since `measureFromNow`, in bytes. Linux only. */
  get peakRssBytes(): number {
    return this.memory('VmHWM');
  }

  /** Records on the log. */
  async logged(): Promise<number> {
    const [row] = await this.db.database.query<{ count: number }>('SELECT count(*)::int AS count FROM log_records');
    return row?.count ?? 0;
  }

  async stop(): Promise<void> {
    await this.process.stop();
    await this.db.drop();
  }

  private memory(what: 'VmRSS' | 'VmHWM'): number {
    const status = readFileSync(`/proc/${this.process.pid}/status`, 'utf8');
    return Number(new RegExp(`^${what}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
  }
}

async function addKeyTo(db: FreshDatabase, scopes: readonly Scope[]): Promise<string> {
  const key = mintApiKey();
  const hash = hashApiKeySecret(key.secret, '');
  await new ApiKeys(db.database).add({ id: key.id, projectId: 1, name: 'test', scopes: [...scopes], hash });
  return key.text;
}
