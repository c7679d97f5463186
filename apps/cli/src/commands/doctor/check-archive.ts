import { checkSegments, type ColdTier } from '@app/archive';
import type { Database } from '@app/persistence';
import type { Finding } from './finding';

/** Of each kind, so many lines. */
const MAX_LINES = 20;

/** Whether the files of old events are those that the manifest names, byte by byte. */
export async function checkArchive(database: Database, { storage }: ColdTier): Promise<Finding> {
  const { files, events, faults, unnamed } = await checkSegments(database, storage);
  const lines = [
    faults.length === 0
      ? `archive: ${files} files with ${events} events are what the manifest says`
      : `archive: files that are not what the manifest says: ${faults.length} of ${files}`,
    ...told(faults.map(({ file, what }) => `  ${file} ${what}`)),
  ];
  if (unnamed.length > 0) {
    lines.push(
      `archive: files that no manifest names, and nobody reads, erases or removes: ${unnamed.length}`,
      ...told(unnamed.map((file) => `  ${file}`)),
    );
  }
  return { healthy: faults.length === 0, lines };
}

function told(lines: readonly string[]): string[] {
  const first = lines.slice(0, MAX_LINES);
  return lines.length > MAX_LINES ? [...first, `  and ${lines.length - MAX_LINES} more`] : first;
}
