import { Client } from 'pg';

/** Runs a statement in the transaction and gives its rows. */
export type Query = <Row>(sql: string, parameters?: readonly unknown[]) => Promise<Row[]>;

/**
 * Runs `work` inside a transaction that may last as long as a test needs it to, on a connection of its own: those of
 * `Database` are ended by the server after some seconds. It is rolled back at the end.
 */
export async function inTransaction<T>(url: string, work: (query: Query) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on('error', () => undefined); // A connection that breaks rejects the query below.
  await client.connect();
  try {
    await client.query('BEGIN');
    return await work(async <Row>(sql: string, parameters: readonly unknown[] = []) => {
      const result = await client.query(sql, [...parameters]);
      return result.rows as Row[];
    });
  } finally {
    await client.end();
  }
}
