import type { DuckDBValue } from '@duckdb/node-api';
import type { ColdCount, ColdUserDay, TakeRows } from '@app/persistence';
import { quoted, timestamp, type Connecting } from './engine';

/** What a file adds up to; see `ColdEvents.counts`. */
export async function countSegment(
  engine: Connecting,
  path: string,
  minutesFrom: Date,
  take: TakeRows<ColdCount>,
): Promise<void> {
  const minutes = `occurred_at >= ${timestamp(minutesFrom.getTime())}`;
  const at = `CASE WHEN ${minutes} THEN date_trunc('minute', occurred_at) ELSE date_trunc('day', occurred_at)::TIMESTAMP END`;
  await stream(
    engine,
    `SELECT project_id, epoch_ms(${at})::DOUBLE, name, count(*)::DOUBLE, coalesce(sum(amount), 0)::VARCHAR
     FROM read_parquet(${quoted(path)}) GROUP BY ALL`,
    (rows) => take(rows.map(toCount)),
  );
}

/** Who was there on which days; see `ColdEvents.userDays`. */
export async function listUserDays(engine: Connecting, path: string, take: TakeRows<ColdUserDay>): Promise<void> {
  await stream(
    engine,
    `SELECT DISTINCT project_id, user_id, epoch_ms(date_trunc('day', occurred_at)::TIMESTAMP)::DOUBLE
     FROM read_parquet(${quoted(path)}) WHERE user_id IS NOT NULL`,
    (rows) => take(rows.map(toUserDay)),
  );
}

function toCount([projectId, atMs, name, events, amount]: DuckDBValue[]): ColdCount {
  return {
    projectId: projectId as number,
    atMs: atMs as number,
    name: name as string,
    events: events as number,
    amount: amount as string,
  };
}

function toUserDay([projectId, userId, dayMs]: DuckDBValue[]): ColdUserDay {
  return { projectId: projectId as number, userId: userId as string, dayMs: dayMs as number };
}

async function stream(engine: Connecting, sql: string, take: TakeRows<DuckDBValue[]>): Promise<void> {
  await engine.connected(async (connection) => {
    const result = await connection.stream(sql);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      await take(chunk.getRows());
    }
  });
}
