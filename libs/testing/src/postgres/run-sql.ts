import { Client } from 'pg';

/** Runs one statement on a connection of its own and gives its rows. */
export async function runSql<Row>(url: string, sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000, query_timeout: 10_000 });
  client.on('error', () => undefined); // A connection that breaks rejects the query below.
  await client.connect();
  try {
    const result = await client.query(sql, [...parameters]);
    return result.rows as Row[];
  } finally {
    await client.end();
  }
}
