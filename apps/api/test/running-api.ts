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
  addKey(scopes: Scope[]): Promise<string>;
  stop(): Promise<void>;
}

export async function runningApi(environment: Record<string, string> = {}): Promise<TestApi> {
  const db = await freshDatabase();
  const config = loadApiConfig({
    DATABASE_URL: db.url,
    MILLRACE_LOG: 'postgres',
    PORT: '0',
    LOG_LEVEL: 'silent',
    MILLRACE_DRAIN_DELAY_MS: '0',
    ...environment,
  });
  const logger = pino({ level: 'silent' });
  await ensureLog(config.log, db.database, logger);
  const api = await startApi(config, logger, {
    onFatal: (error) => {
      throw error;
    },
  });
  const keys = new ApiKeys(db.database);
  const addKey = async (scopes: Scope[]): Promise<string> => {
    const key = mintApiKey();
    const hash = hashApiKeySecret(key.secret, config.keyPepper);
    await keys.add({ id: key.id, projectId: 1, name: 'test', scopes, hash });
    return key.text;
  };
  const stop = async (): Promise<void> => {
    await api.close();
    await db.drop();
  };
  return { api, db, key: await addKey(['ingest', 'read']), addKey, stop };
}
