import { manifestFiles, type Database, type ManifestFile } from '@app/persistence';
import { SegmentGoneError } from './archive.error';
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
 * Holds the files of old events against the manifest: each is there, with the size and the SHA-256 that it was published
 * with. Reads them all, in a bucket the objects themselves.
 *
 * @throws {StoreUnavailableError}
 */
export async function checkSegments(database: Database, storage: SegmentStorage): Promise<CheckedSegments> {
  const { prefix } = await manifestFiles(database);
  // Before the manifest: a file gets its row before it is made. A folder that cannot be listed has none of what is named.
  const listed = await storage.list(prefix).catch((): string[] => []);
  const { files } = await manifestFiles(database);
  const committed = files.filter((each) => each.committed);
  const faults: SegmentFault[] = [];
  for (const each of committed) {
    const what = await faultOf(each, storage);
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

async function faultOf({ file, bytes, checksum }: ManifestFile, storage: SegmentStorage): Promise<string | undefined> {
  try {
    const stored = await storage.stored(file);
    if (stored.bytes !== bytes) return `has ${stored.bytes} bytes instead of ${bytes}`;
    return stored.sha256.equals(checksum) ? undefined : 'has another SHA-256';
  } catch (error) {
    if (error instanceof SegmentGoneError) return 'is not there';
    return `cannot be read (${error instanceof Error ? error.message : String(error)})`;
  }
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
