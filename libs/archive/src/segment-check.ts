import { stat } from 'node:fs/promises';
import { manifestFiles, type Database, type ManifestFile } from '@app/persistence';
import { quoted, type Connecting } from './duckdb/engine';
import { checksumOf } from './duckdb/segment-file';
import type { SegmentStorage } from './segment-storage.port';

/** How a file is not what the manifest says. */
export interface SegmentFault {
  readonly file: string;
  readonly what: string;
}

export interface CheckedSegments {
  /** Files of the manifest, and their events. */
  readonly files: number;
  readonly events: number;
  readonly faults: readonly SegmentFault[];
  /** Files of this database that no row of the manifest names. Nobody removes them: see `LockedTier.sweep`. */
  readonly unnamed: readonly string[];
}

/**
 * Holds the files of old events against the manifest: each is there, with the size, the SHA-256 and the rows that it was
 * published with. Reads them all.
 *
 * @throws {StoreUnavailableError}
 */
export async function checkSegments(
  database: Database,
  storage: SegmentStorage,
  engine: Connecting,
): Promise<CheckedSegments> {
  const { prefix } = await manifestFiles(database);
  // Before the manifest: a file gets its row before it is made. A folder that cannot be listed has none of what is named.
  const listed = await storage.list(prefix).catch((): string[] => []);
  const { files } = await manifestFiles(database);
  const committed = files.filter((each) => each.committed);
  const faults: SegmentFault[] = [];
  for (const each of committed) {
    const what = await faultOf(each, storage, engine);
    if (what !== undefined) faults.push({ file: each.file, what });
  }
  const names = new Set(files.map(({ file }) => withoutEnding(file)));
  const unnamed = listed.filter((file) => !names.has(withoutEnding(file)));
  return {
    files: committed.length,
    events: committed.reduce((sum, { rows }) => sum + rows, 0),
    faults: faults.length === 0 ? [] : await stillNamed(database, faults),
    unnamed,
  };
}

async function faultOf(file: ManifestFile, storage: SegmentStorage, engine: Connecting): Promise<string | undefined> {
  try {
    if (!(await storage.has(file.file))) return 'is not there';
    return await storage.reading([file.file], ([path = '']) => differenceOf(file, path, engine));
  } catch (error) {
    return `cannot be read (${error instanceof Error ? error.message : String(error)})`;
  }
}

async function differenceOf(
  { rows, bytes, checksum }: ManifestFile,
  path: string,
  engine: Connecting,
): Promise<string | undefined> {
  const { size } = await stat(path);
  if (size !== bytes) return `has ${size} bytes instead of ${bytes}`;
  if (!(await checksumOf(path)).equals(checksum)) return 'has another SHA-256';
  const counted = await engine.connected(async (connection) => {
    const read = await connection.runAndReadAll(`SELECT count(*)::DOUBLE AS n FROM read_parquet(${quoted(path)})`);
    return Number(read.getRowObjectsJS()[0]?.['n']);
  });
  return counted === rows ? undefined : `has ${counted} rows instead of ${rows}`;
}

/** What was replaced meanwhile, and removed, is no fault. */
async function stillNamed(database: Database, faults: readonly SegmentFault[]): Promise<SegmentFault[]> {
  const { files } = await manifestFiles(database);
  const committed = new Set(files.filter((each) => each.committed).map(({ file }) => file));
  return faults.filter(({ file }) => committed.has(file));
}

/** What is made on the way to a file has its name and other endings. */
function withoutEnding(file: string): string {
  return file.replace(/(\.[a-z]+)+$/, '');
}
