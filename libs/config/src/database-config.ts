import type { PostgresConfig } from './process-config';
import type { SettingValues } from './setting';
import { settings } from './settings';

export const database = {
  databaseUrl: settings.databaseUrl,
  databasePoolSize: settings.databasePoolSize,
  databaseQueryTimeoutMs: settings.databaseQueryTimeoutMs,
};

export function toPostgres(values: Omit<SettingValues<typeof database>, 'databaseUrl'>, url: string): PostgresConfig {
  return Object.freeze({ url, poolSize: values.databasePoolSize, queryTimeoutMs: values.databaseQueryTimeoutMs });
}
