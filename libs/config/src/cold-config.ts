import { join } from 'node:path';
import { bucketSettings } from './bucket-settings';
import { database, toPostgres } from './database-config';
import type { ArchiveConfig, ArchiverConfig, ColdConfig } from './process-config';
import { readSettings, type Environment } from './read-settings';
import type { SettingValues } from './setting';
import { settings } from './settings';

const { coldDir, dataDir, archiveAfterDays, archiveIntervalMs, archiveDutyPercent } = settings;
const { logLevel, drainTimeoutMs, metricsKey } = settings;

/** The port that people expect of each app. */
const ARCHIVER_PORT = 3002;

/** What a process needs to know to read old events. */
export const cold = { coldDir, dataDir, ...bucketSettings };

/** What it needs to move them. */
export const archive = { ...cold, archiveAfterDays, archiveIntervalMs, archiveDutyPercent };

const archiver = { ...archive, ...database, logLevel, drainTimeoutMs, metricsKey };

type ColdValues = SettingValues<typeof cold>;

export function coldProblems(values: ColdValues): string[] {
  const { coldBucket, coldEndpoint, coldAccessKeyId: id, coldSecretAccessKey: secret } = values;
  const problems: string[] = [];
  if (id !== undefined && secret === undefined) {
    problems.push('MILLRACE_COLD_S3_SECRET_ACCESS_KEY is missing, MILLRACE_COLD_S3_ACCESS_KEY_ID is set');
  }
  if (id === undefined && secret !== undefined) {
    problems.push('MILLRACE_COLD_S3_ACCESS_KEY_ID is missing, MILLRACE_COLD_S3_SECRET_ACCESS_KEY is set');
  }
  if (coldBucket === undefined && (coldEndpoint ?? id ?? secret) !== undefined) {
    problems.push('MILLRACE_COLD_S3_BUCKET is missing, others of its settings are set');
  }
  return problems;
}

export function toCold(values: ColdValues): ColdConfig {
  const dir = values.coldDir ?? join(values.dataDir, 'cold');
  const { coldBucket: bucket, coldEndpoint: endpoint, coldRegion: region, coldPrefix: prefix } = values;
  if (bucket === undefined) return Object.freeze({ kind: 'local', dir });
  const { coldAccessKeyId: accessKeyId, coldSecretAccessKey: secretAccessKey } = values;
  const isComplete = accessKeyId !== undefined && secretAccessKey !== undefined;
  const credentials = isComplete ? Object.freeze({ accessKeyId, secretAccessKey }) : undefined;
  const pathStyle = values.coldPathStyle === undefined ? endpoint !== undefined : values.coldPathStyle === 'true';
  const place = { bucket, endpoint, region, prefix, credentials, pathStyle };
  return Object.freeze({ kind: 's3', dir, cacheBytes: values.coldCacheBytes, ...place });
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
    dutyPercent: values.archiveDutyPercent,
    drainTimeoutMs: values.drainTimeoutMs,
    metricsKey: values.metricsKey,
  });
}

/** @throws {ConfigError} naming every variable that is wrong. */
export function loadArchiverConfig(environment: Environment): ArchiverConfig {
  const healthPort = { ...settings.healthPort, whenMissing: () => ARCHIVER_PORT };
  const values = readSettings(environment, { ...archiver, healthPort }, coldProblems);
  return toArchiver(values, values.databaseUrl, values.healthPort);
}

/** For one run as a command. @throws {ConfigError} naming every variable that is wrong. */
export function loadArchiveConfig(environment: Environment): ArchiveConfig {
  const values = readSettings(environment, { ...database, ...cold, archiveAfterDays }, coldProblems);
  const { databaseUrl, archiveAfterDays: afterDays } = values;
  return Object.freeze({ postgres: toPostgres(values, databaseUrl), cold: toCold(values), afterDays });
}
