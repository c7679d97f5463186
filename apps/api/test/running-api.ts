import { pino } from 'pino';
import { loadApiConfig } from '@app/config';
import { ensureLog } from '@app/messaging';
import { ApiKeys, hashApiKeySecret, mintApiKey, type Scope } from '@app/persistence';
import { freshDatabase } from '@app/testing';
import { startApi, type RunningApi } from '../src/start-api';

export type FreshDatabase = Awaited<ReturnType<typeof freshDatabase>>;

/** An API on a database of its own and the embedded log in it, as one test file needs it. */
export interface TestApi {
  readonly api: RunningApi;
  readonly db: FreshDatabase;
  /** A key of project `default` with the scopes ingest and read. */
  readonly key: string;
  /** What the first API has logged. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** @param projectId 1 is project `default`. */
  addKey(scopes: Scope[], projectId?: number): Promise<string>;
  /** One more API of the same environment on the same database and log. */
  addReplica(): Promise<RunningApi>;
  stop(): Promise<void>;
}

export async function runningApi(environment: Record<string, string> = {}): Promise<TestApi> {
  const db = await freshDatabase();
  const config = loadApiConfig({
    DATABASE_URL: db.url,
    MILLRACE_LOG: 'postgres',
    PORT: '0',
    LOG_LEVEL: 'info',
    MILLRACE_DRAIN_DELAY_MS: '0',
    RATE_LIMIT_EVENTS_PER_SECOND: '1000000000',
    RATE_LIMIT_BURST: '1000000000',
    ...environment,
  });
  const lines: Record<string, unknown>[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
  await ensureLog(config.log, db.database, pino({ level: 'silent' }));
  const onFatal = (error: unknown): never => {
    throw error;
  };
  const api = await startApi(config, logger, { onFatal });
  const all = [api];
  const addReplica = async (): Promise<RunningApi> => {
    const replica = await startApi(config, pino({ level: 'silent' }), { onFatal });
    all.push(replica);
    return replica;
  };
  const keys = new ApiKeys(db.database);
  const addKey = async (scopes: Scope[], projectId = 1): Promise<string> => {
    const key = mintApiKey();
    const hash = hashApiKeySecret(key.secret, config.keyPepper);
    await keys.add({ id: key.id, projectId, name: 'test', scopes, hash });
    return key.text;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(all.map((running) => running.close()));
    await db.drop();
  };
  return { api, db, key: await addKey(['ingest', 'read']), lines, addKey, addReplica, stop };
}
