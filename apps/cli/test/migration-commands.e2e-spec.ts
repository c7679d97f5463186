import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { emptyDatabase } from '@app/testing';

jest.setTimeout(180_000);

const PROGRAM = join(__dirname, '../../../dist/migrations/migrate.js');

interface Result {
  readonly code: number;
  readonly output: string;
}

/** The program behind `npm run migration:down` and `migration:reset`, which has a database and no broker. */
function migrate(args: readonly string[], databaseUrl: string): Promise<Result> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args], { env: { DATABASE_URL: databaseUrl } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, output: `${stdout}${stderr}` });
    });
  });
}

describe('the programs of the migrations', () => {
  it('empty a database only when its name is said, and tell which one', async () => {
    const db = await emptyDatabase();
    const name = new URL(db.url).pathname.slice(1);
    await db.database.query('CREATE TABLE kept (id integer)');
    for (const args of [['reset'], ['reset', '--yes'], ['reset', 'another']]) {
      const refused = await migrate(args, db.url);
      expect(refused.code).toBe(1);
      expect(refused.output).toContain(`npm run migration:reset -- ${name}`);
    }
    expect(await db.database.query('SELECT * FROM kept')).toEqual([]);

    const done = await migrate(['reset', name], db.url);
    expect(done).toMatchObject({ code: 0 });
    expect(done.output).toContain(`The database "${name}" on`);
    expect(await db.database.query('SELECT name FROM projects')).toEqual([{ name: 'default' }]);
    expect(await migrate(['down'], db.url)).toMatchObject({ code: 0 });
    await db.drop();
  });
});
