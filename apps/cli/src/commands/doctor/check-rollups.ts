import {
  ColdFileGoneError,
  ColdUnavailableError,
  recountRollups,
  type ColdEvents,
  type Database,
} from '@app/persistence';
import type { Finding } from './finding';

/** Differences of one table that are told; the rest are counted. */
const MAX_LINES = 20;

/** Counts every rollup anew from the events and tells which rows do not agree. */
export async function checkRollups(database: Database, cold: ColdEvents): Promise<Finding> {
  try {
    return await recount(database, cold);
  } catch (error) {
    if (!(error instanceof ColdUnavailableError)) throw error;
    const why = error instanceof ColdFileGoneError ? 'are missing' : 'could not be read';
    return {
      healthy: false,
      lines: [`statistics: not recounted, since files of old events ${why} (${error.message})`],
    };
  }
}

async function recount(database: Database, cold: ColdEvents): Promise<Finding> {
  const tables = await recountRollups(database, { atMost: MAX_LINES, cold });
  const lines = tables.flatMap(({ table, differing, differences }) => {
    if (differing === 0) return [`${table}: agrees with the events`];
    const told = differences.map(({ key, expected, found }) => {
      return `  ${JSON.stringify(key)} expected ${JSON.stringify(expected)} found ${JSON.stringify(found)}`;
    });
    const more = differing > told.length ? [`  and ${differing - told.length} more`] : [];
    return [`${table}: rows that differ: ${differing}`, ...told, ...more];
  });
  return { healthy: tables.every(({ differing }) => differing === 0), lines };
}
