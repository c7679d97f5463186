import { emptyDatabase, type FreshDatabase } from '@app/testing';
import { migrations } from '../../../migrations';
import { createDataSource } from './data-source';
import { Database } from './database';
import {
  migrateDown,
  migrateUp,
  pendingMigrations,
  requireCurrentSchema,
  resetSchema,
  SchemaOutdatedError,
  waitForCurrentSchema,
} from './schema';
import { StoreUnavailableError } from './store-error';

let db: FreshDatabase;
beforeEach(async () => {
  db = await emptyDatabase();
});
afterEach(async () => {
  await db.drop();
});

/** Everything that a migration can make, as text. What TypeORM keeps for itself is left out. */
async function snapshot(): Promise<string[]> {
  const rows = await db.database.query<{ item: string }>(`
    SELECT format('column %s.%s %s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      a.attnotnull, a.attidentity, co.collname, pg_get_expr(d.adbin, d.adrelid)) AS item
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      LEFT JOIN pg_collation co ON co.oid = a.attcollation
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname !~ '^(migrations|typeorm_metadata)'
    UNION ALL
    SELECT format('relation %s %s %s %s %s', relname, relkind, reloptions, pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid))
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname !~ '^(migrations|typeorm_metadata)'
    UNION ALL
    SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text !~ '^(migrations|typeorm_metadata)'
    UNION ALL
    SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename !~ '^(migrations|typeorm_metadata)'
    UNION ALL
    SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'type ' || oid::regtype FROM pg_type
    WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
    ORDER BY item`);
  return rows.map(({ item }) => item).filter((item) => !/^\w+ PK_/.test(item));
}

describe('the migrations', () => {
  it('go up, down to nothing, and up again to the same schema', async () => {
    const applied = await migrateUp(db.database);
    const up = await snapshot();
    expect(up.length).toBeGreaterThan(50);

    expect(await migrateDown(db.database, applied.length)).toEqual([...applied].reverse());
    expect(await snapshot()).toEqual([]);

    expect(await migrateUp(db.database)).toEqual(applied);
    expect(await snapshot()).toEqual(up);
  });

  it('go down and up one by one to the same schema', async () => {
    const applied = await migrateUp(db.database);
    const up = await snapshot();
    for (let steps = 1; steps <= applied.length; steps += 1) {
      await migrateDown(db.database, steps);
      await migrateUp(db.database);
      expect(await snapshot()).toEqual(up);
    }
  });

  it('keep what a door has refused when they go down and up again', async () => {
    const applied = await migrateUp(db.database);
    await db.database.query(
      `INSERT INTO dead_letters (topic, partition, "offset", project_id, value, headers, stage, reason, detail)
       VALUES ('t', 0, 0, 1, 'v', '{"refused": ["eA=="]}', 'accept', 'INVALID', 'd')`,
    );
    await migrateDown(db.database, applied.length - applied.indexOf('DoorsAndKeys1795305600000'));
    await migrateUp(db.database);
    const kept = `SELECT stage, headers FROM dead_letters`;
    expect(await db.database.query(kept)).toEqual([{ stage: 'decode', headers: { refused: ['eA=='] } }]);
  });

  it('are applied once when several processes start at the same time', async () => {
    const others = [new Database(db.config), new Database(db.config)];
    const applied = await Promise.all([db.database, ...others].map((database) => migrateUp(database)));
    expect(applied.map(({ length }) => length).sort()).toEqual([0, 0, migrations.length]);
    expect(await pendingMigrations(db.database)).toEqual([]);
    await Promise.all(others.map((database) => database.close()));
  });

  it('make the schema that the entities describe', async () => {
    await migrateUp(db.database);
    const source = await createDataSource(db.config, 'maintenance').initialize();
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    await source.destroy();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('leave the project default with id 1, and 2 to the next one', async () => {
    await resetSchema(db.database);
    await db.database.query(`INSERT INTO projects (name) VALUES ('second')`);
    expect(await db.database.query('SELECT id, name FROM projects ORDER BY id')).toEqual([
      { id: 1, name: 'default' },
      { id: 2, name: 'second' },
    ]);
  });

  it('empty the database on a reset', async () => {
    await migrateUp(db.database);
    await db.database.query(`INSERT INTO log_partitions (topic, partition) VALUES ('t', 0)`);
    await resetSchema(db.database);
    expect(await db.database.query('SELECT * FROM log_partitions')).toEqual([]);
    expect(await pendingMigrations(db.database)).toEqual([]);
  });
});

describe('a program', () => {
  it('refuses an empty database and names the command', async () => {
    await expect(requireCurrentSchema(db.database)).rejects.toThrow(/npm run migration:up.*millrace migrate/);
  });

  it('refuses a schema that lacks a migration, and names it', async () => {
    await migrateUp(db.database);
    const [newest] = await migrateDown(db.database, 1);
    const refusal = requireCurrentSchema(db.database);
    await expect(refusal).rejects.toBeInstanceOf(SchemaOutdatedError);
    await expect(refusal).rejects.toMatchObject({ missing: [newest], retriable: false });
  });

  it('takes a schema that is newer than itself, as during a rolling update', async () => {
    await migrateUp(db.database);
    await db.database.query(`INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'Later9999999999999')`);
    await expect(requireCurrentSchema(db.database)).resolves.toBeUndefined();
  });

  it('waits for PostgreSQL, and stops waiting when told to', async () => {
    const away = new Database({ ...db.config, url: 'postgresql://nobody@127.0.0.1:1/nothing' });
    await expect(requireCurrentSchema(away)).rejects.toBeInstanceOf(StoreUnavailableError);
    const stopping = new AbortController();
    const waiting = waitForCurrentSchema(away, stopping.signal);
    stopping.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await away.close();
  });
});
