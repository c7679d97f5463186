import { join } from 'node:path';
import type { StandaloneConfig } from '@app/config';
import { DataFolder, PostgresServer } from '@app/embedded';
import { ensureLog, EventConsumer } from '@app/messaging';
import { Vitals } from '@app/observability';
import { ApiKeys, Database, ensureFirstKey, migrateUp } from '@app/persistence';
import type { Logger } from 'pino';
import { startApi } from '../../api/src/start-api';
import { startArchiver } from '../../archiver/src/start-archiver';
import { startConsumer } from '../../consumer/src/start-consumer';
import { CannotStartError } from './cannot-start.error';
import { removeCliFile, writeCliFile } from './cli-file';
import { CloseStack } from './close-stack';
import { missingAfter } from './readiness';

/** Members of the group: as many as a small fleet, so that what works here works there. */
const CONSUMERS = 3;
const READY_LIMIT_MS = 15_000;

export interface StandaloneHooks {
  /** The process cannot go on. */
  readonly onFatal: (error: unknown) => void;
}

/** Everything in one process, running. */
export interface RunningStandalone {
  readonly url: string;
  /** Where gRPC is, as `host:port`. */
  readonly grpc: string;
  readonly key: string;
  readonly keyFile: string;
  readonly dataDir: string;
  /** What did not become ready in time, in words; empty when it works. */
  readonly missing: readonly string[];
  /** What stores and what carries the events, in words, without a password. */
  readonly parts: readonly string[];
  /** Ends all of it in reverse order. May be called twice. */
  close(): Promise<void>;
}

/**
 * Starts what the configuration does not name (PostgreSQL, the log), brings the schema up to date, and starts the API,
 * three consumers and the archiver. Resolves once the API is ready and a consumer has joined, or after 15 s without: `missing` tells.
 * When it rejects, everything is stopped again.
 */
export async function startStandalone(
  config: StandaloneConfig,
  logger: Logger,
  hooks: StandaloneHooks,
): Promise<RunningStandalone> {
  const open = new CloseStack();
  try {
    const folder = DataFolder.open(config.dataDir);
    open.push(() => {
      folder.close();
    });
    const store = await openStore(config, folder, { logger, open });
    const keyFile = folder.file('api-key');
    const key = await prepareStore(config, store.url, keyFile, logger);
    const { url, grpc, missing } = await startPipeline(config, store.url, { logger, open, hooks });
    open.push(() => {
      removeCliFile(folder);
    });
    writeCliFile(folder, { url, grpc, key, pid: process.pid });
    const log = config.log.kind === 'kafka' ? `Kafka at ${config.log.kafka.brokers.join(', ')}` : 'embedded log';
    const parts = [store.about, log];
    return { url, grpc, key, keyFile, dataDir: folder.path, missing, parts, close: () => open.close() };
  } catch (error) {
    await open.close();
    throw error;
  }
}

interface Opening {
  readonly logger: Logger;
  readonly open: CloseStack;
}

async function openStore(
  config: StandaloneConfig,
  folder: DataFolder,
  { logger, open }: Opening,
): Promise<{ readonly url: string; readonly about: string }> {
  if (config.databaseUrl !== undefined) {
    const { host, pathname } = new URL(config.databaseUrl);
    return { url: config.databaseUrl, about: `PostgreSQL at ${host}${pathname}` };
  }
  const server = await PostgresServer.start({
    dataDir: join(folder.path, 'postgresql'),
    onLog: (level, message) => {
      logger[level]({ part: 'postgresql' }, message);
    },
  });
  open.push(() => server.stop());
  return { url: server.url, about: `embedded PostgreSQL in ${server.folder}` };
}

/** What a job of its own does where several processes share a database. @returns the first key. */
async function prepareStore(config: StandaloneConfig, url: string, keyFile: string, logger: Logger): Promise<string> {
  const { postgres, keyPepper } = config.api(url);
  const database = new Database(postgres);
  try {
    const applied = await migrateUp(database).catch((cause: unknown) => {
      throw new CannotStartError('The database cannot be used', cause);
    });
    if (applied.length > 0) logger.info({ applied }, 'The schema is up to date.');
    await ensureLog(config.log, database, logger).catch((cause: unknown) => {
      throw new CannotStartError('The log cannot be used', cause);
    });
    return await ensureFirstKey(new ApiKeys(database), keyFile, keyPepper).catch((cause: unknown) => {
      throw new CannotStartError('The first key cannot be used', cause);
    });
  } finally {
    await database.close();
  }
}

async function startPipeline(
  config: StandaloneConfig,
  postgresUrl: string,
  { logger, open, hooks }: Opening & { readonly hooks: StandaloneHooks },
): Promise<{ readonly url: string; readonly grpc: string; readonly missing: readonly string[] }> {
  const running: { close(): Promise<void> }[] = [];
  open.push(() => Promise.all(running.map((each) => each.close())));
  // One page of health and metrics for all parts, on the API's port.
  const parts = { onFatal: hooks.onFatal, vitals: new Vitals('standalone') };
  const api = await startApi(config.api(postgresUrl), logger, parts);
  running.push(api);
  const members: EventConsumer[] = [];
  for (let number = 1; number <= CONSUMERS; number += 1) {
    const consumer = await startConsumer(config.consumer(postgresUrl), logger, parts);
    running.push(consumer);
    members.push(consumer.app.get(EventConsumer));
  }
  running.push(await startArchiver(config.archiver(postgresUrl), logger, parts));
  // The address is shown when it works. Whatever keeps it from working is in the log, and waited for no longer.
  const missing = await missingAfter(READY_LIMIT_MS, {
    'the API is not ready': (signal) => isApiReady(api.url, signal),
    'no consumer has joined': () => members.some((member) => member.status().joined),
  });
  return { url: api.url, grpc: api.grpc, missing };
}

async function isApiReady(url: string, signal: AbortSignal): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`, { signal }).catch(() => undefined);
  return answer?.ok === true;
}
