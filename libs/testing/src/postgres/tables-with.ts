import { runSql } from './run-sql';

/**
 * Reads every row of every table, and tells which tables have the text in any column: as text, as bytes, or as the base64
 * in which headers are kept.
 */
export async function tablesWith(url: string, text: string): Promise<string[]> {
  const tables = await runSql<{ name: string }>(
    url,
    `SELECT oid::regclass::text AS name FROM pg_class
     WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1`,
  );
  const bytes = Buffer.from(text);
  const forms = [text, bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, '')];
  const found: string[] = [];
  for (const { name } of tables) {
    const [row] = await runSql<{ found: boolean }>(
      url,
      `SELECT EXISTS (SELECT FROM ${name} t WHERE EXISTS (
         SELECT FROM unnest($1::text[]) AS form WHERE strpos(t::text, form) > 0
       )) AS found`,
      [forms],
    );
    if (row?.found === true) found.push(name);
  }
  return found;
}
