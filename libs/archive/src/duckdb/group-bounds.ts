import { basename } from 'node:path';
import type { SegmentStorage } from '../segment-storage.port';
import { quoted, type Connecting } from './engine';

/** The projects and times of rows that are packed together; in milliseconds since 1970, rounded down. */
export interface GroupBounds {
  readonly file: string;
  readonly rows: number;
  readonly minProjectId: number;
  readonly maxProjectId: number;
  readonly minMs: number;
  readonly maxMs: number;
}

type PathBounds = Omit<GroupBounds, 'file'> & { readonly path: string };

/** Files whose bounds are remembered: some kilobytes for a file of a million rows. */
const MAX_REMEMBERED = 2000;

/** Reads what the footers of files say of their groups of rows, of each file once. */
export class GroupBoundsReader {
  private readonly known = new Map<string, readonly GroupBounds[]>();

  constructor(private readonly storage: SegmentStorage) {}

  async of(files: readonly string[], engine: Connecting): Promise<GroupBounds[]> {
    const groups = new Map(files.map((file) => [file, this.known.get(file)]));
    const unknown = files.filter((file) => groups.get(file) === undefined);
    if (unknown.length > 0) for (const [file, read] of await this.read(unknown, engine)) groups.set(file, read);
    return [...groups.values()].flatMap((group) => group ?? []);
  }

  private async read(
    files: readonly string[],
    engine: Connecting,
  ): Promise<ReadonlyMap<string, readonly GroupBounds[]>> {
    const rows = await this.storage.reading(files, (paths) =>
      engine.connected(async (connection) => {
        const read = await connection.runAndReadAll(boundsOf(paths));
        return read.getRowObjectsJS() as unknown as PathBounds[];
      }),
    );
    const byFile = new Map<string, GroupBounds[]>(files.map((file) => [file, []]));
    for (const { path, ...bounds } of rows) byFile.get(basename(path))?.push({ file: basename(path), ...bounds });
    if (this.known.size > MAX_REMEMBERED) this.known.clear();
    for (const [file, groups] of byFile) this.known.set(file, groups);
    return byFile;
  }
}

function boundsOf(paths: readonly string[]): string {
  const of = (column: string, bound: 'min' | 'max'): string =>
    `max(CASE path_in_schema WHEN '${column}' THEN stats_${bound}_value END)`;
  const ms = (bound: 'min' | 'max'): string =>
    `epoch_ms(date_trunc('milliseconds', ${of('occurred_at', bound)}::TIMESTAMP))::DOUBLE`;
  return `
    SELECT file_name AS "path", any_value(row_group_num_rows)::INTEGER AS "rows",
      ${of('project_id', 'min')}::INTEGER AS "minProjectId", ${of('project_id', 'max')}::INTEGER AS "maxProjectId",
      ${ms('min')} AS "minMs", ${ms('max')} AS "maxMs"
    FROM parquet_metadata([${paths.map(quoted).join(', ')}])
    GROUP BY file_name, row_group_id`;
}
