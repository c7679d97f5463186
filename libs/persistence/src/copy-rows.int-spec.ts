import fc from 'fast-check';
import { eventually, freshDatabase, runSql, type FreshDatabase } from '@app/testing';
import { CopyRows } from './copy-rows';
import { Database } from './database';
import { StoreRefusedError, StoreUnavailableError } from './store-error';

const COPY = 'COPY things (amount, name) FROM STDIN (FORMAT binary)';

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
  await db.database.query('CREATE TABLE things (amount numeric, name text, CHECK (amount <> 13))');
});
beforeEach(async () => {
  await db.database.query('TRUNCATE things');
});
afterAll(async () => {
  await db.drop();
});

interface Thing {
  readonly amount?: number;
  readonly name?: string;
}

async function copy(things: readonly Thing[], database: Database = db.database): Promise<void> {
  const rows = new CopyRows(2);
  for (const { amount, name } of things) rows.begin().numeric(amount).text(name);
  await database.transaction((tx) => tx.copyIn(COPY, rows.messages()));
}

async function count(): Promise<number> {
  const [row] = await db.database.query<{ count: number }>('SELECT count(*)::int4 AS count FROM things');
  return row!.count;
}

describe('copied rows', () => {
  it('have the decimals that the texts of the numbers are, digit by digit', async () => {
    const decimals = fc
      .tuple(fc.integer({ min: 0, max: 9 }), fc.maxSafeInteger())
      .map(([scale, units]) => Number(`${units}e-${scale}`));
    const special = [
      0, 1, -1, 1e-9, -1.2e-7, 0.0001, 9999.0001, 1e4, 1e17, 999_999_999_999_999_900, -0.1, 100_000.00001,
    ];
    const amounts = [...special, ...fc.sample(decimals, 2000)];
    await copy(amounts.map((amount) => ({ amount, name: amount.toString() })));
    expect(await count()).toBe(amounts.length);
    expect(await db.database.query('SELECT * FROM things WHERE amount::text <> name::numeric::text')).toEqual([]);
  });

  it('are whole whatever their number and size', async () => {
    const things = Array.from({ length: 3000 }, (_, index) => ({ name: 'é'.repeat(index % 100) }));
    await copy([...things, { name: 'x'.repeat(300_000) }, {}]);
    const [row] = await db.database.query(
      `SELECT count(*)::int4 AS rows, count(name)::int4 AS names, sum(length(name))::int4 AS length, count(amount)::int4 AS amounts
       FROM things`,
    );
    expect(row).toEqual({ rows: 3002, names: 3001, length: 300_000 + 30 * 4950, amounts: 0 });
  });
});

describe('a copy', () => {
  it('of values that the server refuses says so by name, stores nothing and leaves the connection usable', async () => {
    await expect(copy([{ amount: 1 }, { amount: 13 }, { amount: 2 }])).rejects.toMatchObject({ sqlState: '23514' });
    await expect(copy([{ name: 'a\0b' }])).rejects.toBeInstanceOf(StoreRefusedError);
    await copy([{ amount: 3 }]);
    expect(await count()).toBe(1);
  });

  it('is lost with its transaction', async () => {
    const messages = new CopyRows(2).begin().numeric(1).text('a').messages();
    const lost = db.database.transaction(async (tx) => {
      await tx.copyIn(COPY, messages);
      throw new StoreUnavailableError('thought better of it', undefined);
    });
    await expect(lost).rejects.toThrow('thought better of it');
    expect(await count()).toBe(0);
  });

  it('that waits too long is given up, also when it is the server that does not answer', async () => {
    const database = new Database({ url: db.url, poolSize: 1, queryTimeoutMs: 500 });
    await db.database.transaction(async (tx) => {
      await tx.query('LOCK TABLE things');
      await expect(copy([{ amount: 1 }], database)).rejects.toMatchObject({ sqlState: '57014' });
      const ended = expect(copy([{ amount: 1 }], database)).rejects.toBeInstanceOf(StoreUnavailableError);
      await eventually(async () => {
        const killed = await runSql(
          db.url,
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'COPY things%'`,
        );
        expect(killed.length).toBeGreaterThan(0);
      });
      await ended;
    });
    await copy([{ amount: 1 }], database);
    expect(await count()).toBe(1);
    await database.close();
  });
});
