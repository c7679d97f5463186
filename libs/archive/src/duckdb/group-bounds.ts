import { quoted, type Engine } from './engine';

/** The projects and times of rows that are packed together; in milliseconds since 1970, rounded down. */
export interface GroupBounds {
  readonly path: string;
  readonly rows: number;
  readonly minProjectId: number;
  readonly maxProjectId: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** Files whose bounds are remembered: some kilobytes for a file of a million rows. */
const MAX_REMEMBERED = 2000;

/** Reads what the footers of files say of their groups of rows, of each file once. */
export class GroupBoundsReader {
  private readonly known = new Map<string, readonly GroupBounds[]>();

  constructor(private readonly engine: Engine) {}

  async of(paths: readonly string[]): Promise<GroupBounds[]> {
    const groups = new Map(paths.map((path) => [path, this.known.get(path)]));
    const unknown = paths.filter((path) => groups.get(path) === undefined);
    if (unknown.length > 0) for (const [path, read] of await this.read(unknown)) groups.set(path, read);
    return [...groups.values()].flatMap((group) => group ?? []);
  }

  private async read(paths: readonly string[]): Promise<ReadonlyMap<string, readonly GroupBounds[]>> {
    const rows = await this.engine.connected(async (connection) => {
      const read = await connection.runAndReadAll(boundsOf(paths));
      return read.getRowObjectsJS() as unknown as GroupBounds[];
    });
    const byPath = new Map<string, GroupBounds[]>(paths.map((path) => [path, []]));
    for (const row of rows) byPath.get(row.path)?.push(row);
    if (this.known.size > MAX_REMEMBERED) this.known.clear();
    for (const [path, groups] of byPath) this.known.set(path, groups);
    return byPath;
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
