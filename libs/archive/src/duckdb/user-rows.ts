import type { ErasedUser, GoneEvent } from '@app/persistence';
import type { RowPlace } from '../row-tally';
import { quoted, timestamp, type Connecting } from './engine';
import { between, parquet } from './sql';

/** What one transaction takes out of the numbers: of more days, retention may have too many rows. */
const DAYS_AT_ONCE = 25;
const ROWS_AT_ONCE = 10_000;

const DAY = `date_diff('day', DATE '1970-01-01', occurred_at::DATE)::INTEGER`;

/** The rows of one user in files. */
export class UserRows {
  /** True or false for each row: those that were received before the erasure. */
  readonly erasableCondition: string;
  private readonly ofUser: string;
  private readonly erasableRows: string;

  constructor(
    private readonly engine: Connecting,
    { projectId, userId, before }: ErasedUser,
  ) {
    const at = timestamp(before.getTime());
    // A record says when it was received; nothing was after it was stored.
    const received = `(received_at < ${at} OR stored_at < ${at})`;
    this.erasableCondition = `(project_id = ${projectId} AND user_id IS NOT DISTINCT FROM ${quoted(userId)} AND ${received})`;
    // With =, the bloom filters tell which groups of rows need not be read.
    this.ofUser = `project_id = ${projectId} AND user_id = ${quoted(userId)}`;
    this.erasableRows = `${this.ofUser} AND ${received}`;
  }

  /** Of each file, whether it has erasable rows. */
  async erasable(paths: readonly string[]): Promise<boolean[]> {
    const rows = await this.read<{ path: string }>(
      `SELECT DISTINCT filename AS path FROM ${parquet(paths, 'filename = true')} WHERE ${this.erasableRows}`,
    );
    const found = new Set(rows.map(({ path }) => path));
    return paths.map((path) => found.has(path));
  }

  /** Of each file, the days of its rows, erasable or not. */
  async days(paths: readonly string[]): Promise<ReadonlySet<number>[]> {
    const rows = await this.read<{ path: string; day: number }>(
      `SELECT DISTINCT filename AS path, ${DAY} AS day FROM ${parquet(paths, 'filename = true')} WHERE ${this.ofUser}`,
    );
    const days = new Map(paths.map((path) => [path, new Set<number>()]));
    for (const { path, day } of rows) days.get(path)?.add(day);
    return [...days.values()];
  }

  /** Conditions that divide the erasable rows of a file into parts of which each is small enough for one transaction. */
  async parts(path: string): Promise<string[]> {
    const starts = await this.read<RowPlace>(
      `SELECT any_value(project_id) AS "projectId", min(occurred_at)::VARCHAR AS "occurredAt",
         arg_min(event_id, (occurred_at, event_id))::VARCHAR AS "eventId"
       FROM (
         SELECT project_id, occurred_at, event_id,
           (row_number() OVER (ORDER BY occurred_at, event_id) - 1) // ${ROWS_AT_ONCE} AS nth_rows,
           (dense_rank() OVER (ORDER BY occurred_at::DATE) - 1) // ${DAYS_AT_ONCE} AS nth_days
         FROM ${parquet([path])} WHERE ${this.erasableRows}
       ) GROUP BY nth_rows, nth_days ORDER BY 2, 3`,
    );
    return starts.map((start, index) => `(${this.erasableCondition} AND ${between(start, starts[index + 1])})`);
  }

  async erasableEvents(path: string): Promise<GoneEvent[]> {
    const rows = await this.read<{ id: string; ms: number; name: string; amount: string | null }>(
      `SELECT event_id::VARCHAR AS id, epoch_us(occurred_at)::DOUBLE / 1000 AS ms, name, amount::VARCHAR AS amount
       FROM ${parquet([path])} WHERE ${this.erasableRows}`,
    );
    return rows.map(({ id, ms, name, amount }) => {
      return { eventId: id, name, occurredAt: new Date(ms), amount: amount === null ? undefined : Number(amount) };
    });
  }

  private read<Row>(sql: string): Promise<Row[]> {
    return this.engine.connected(async (connection) => {
      const read = await connection.runAndReadAll(sql);
      return read.getRowObjectsJS() as unknown as Row[];
    });
  }
}
