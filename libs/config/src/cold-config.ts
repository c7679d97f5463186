import { join } from 'node:path';
import { database, toPostgres } from './database-config';
import type { ArchiveConfig, ArchiverConfig, ColdConfig } from './process-config';
import { readSettings, type Environment } from './read-settings';
import type { SettingValues } from './setting';
import { settings } from './settings';

const { coldDir, dataDir, archiveAfterDays, archiveIntervalMs, logLevel, drainTimeoutMs, metricsKey } = settings;

/** The port that people expect of each app. */
const ARCHIVER_PORT = 3002;

/** What a process needs to know to read old events. */
export const cold = { coldDir, dataDir };

/** What it needs to move them. */
export const archive = { ...cold, archiveAfterDays, archiveIntervalMs };

const archiver = { ...archive, ...database, logLevel, drainTimeoutMs, metricsKey };

export function toCold(values: SettingValues<typeof cold>): ColdConfig {
  return Object.freeze({ kind: 'local', dir: values.coldDir ?? join(values.dataDir, 'cold') });
}

export function toArchiver(
  values: Omit<SettingValues<typeof archiver>, 'databaseUrl'>,
  url: string,
  healthPort: number | undefined,
): ArchiverConfig {
  return Object.freeze({
    healthPort,
    logLevel: values.logLevel,
    postgres: toPostgres(values, url),
    cold: toCold(values),
    afterDays: values.archiveAfterDays,
    intervalMs: values.archiveIntervalMs,
    drainTimeoutMs: values.drainTimeoutMs,
    metricsKey: values.metricsKey,
  });
}

/** @throws {ConfigError} naming every variable that is wrong. */
export function loadArchiverConfig(environment: Environment): ArchiverConfig {
  const healthPort = { ...settings.healthPort, whenMissing: () => ARCHIVER_PORT };
  const values = readSettings(environment, { ...archiver, healthPort });
  return toArchiver(values, values.databaseUrl, values.healthPort);
}

/** For one run as a command. @throws {ConfigError} naming every variable that is wrong. */
export function loadArchiveConfig(environment: Environment): ArchiveConfig {
  const values = readSettings(environment, { ...database, ...cold, archiveAfterDays });
  const { databaseUrl, archiveAfterDays: afterDays } = values;
  return Object.freeze({ postgres: toPostgres(values, databaseUrl), cold: toCold(values), afterDays });
}
