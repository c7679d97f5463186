import { anEvent, freshDatabase, storeEvents, type FreshDatabase } from '@app/testing';
import type { Queryable } from '../database';
import { StoreUnavailableError } from '../store-error';
import { DeadLetterPlace } from './dead-letters.place';
import { Eraser } from './eraser';
import { Erasures } from './erasures';
import { HotEvents } from './hot-events.place';
import type { EraserTransaction, UserPlace } from './user-place.port';

const USER = 'user-4711@example.org';
/** Events that one step looks at, each twice, and some of other tables' sake. */
const READS_OF_A_STEP = 2 * 5000 + 100;

let db: FreshDatabase;
let erasures: Erasures;
beforeEach(async () => {
  db = await freshDatabase();
  erasures = new Erasures(db.database, 0);
});
afterEach(() => db.drop());

async function finish(by: Eraser): Promise<void> {
  for (let kind = ''; kind !== 'rest';) kind = (await by.step()).kind;
}

async function readsOf(tx: Queryable, tables: string): Promise<number> {
  const [row] = await tx.query<{ reads: number }>(
    `SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::float8 AS reads
     FROM pg_stat_xact_user_tables WHERE relname LIKE $1`,
    [tables],
  );
  return row?.reads ?? 0;
}

/** The place, that tells of each transaction how many rows of the tables it has read. */
function counting(place: UserPlace, tables: string, reads: number[]): UserPlace {
  const inner: UserPlace['erase'] = place.erase.bind(place);
  const erase: UserPlace['erase'] = (user, work) => {
    const transaction: EraserTransaction = (part, on) =>
      work.transaction(async (tx) => {
        const before = await readsOf(tx, tables);
        const result = await part(tx);
        reads.push((await readsOf(tx, tables)) - before);
        return result;
      }, on);
    return inner(user, { ...work, transaction });
  };
  return Object.assign(place, { erase });
}

async function addLetters(count: number, projectId: number, key: string): Promise<void> {
  await db.database.query(
    `INSERT INTO dead_letters (topic, partition, "offset", project_id, key, value, headers, stage, reason, detail)
     SELECT 't', 0, (SELECT count(*) FROM dead_letters) + n, $2, convert_to($3, 'UTF8'), 'v', '{}', 'decode', 'R', 'd'
     FROM generate_series(1, $1::int4) AS n`,
    [count, projectId, key],
  );
}

describe('an eraser', () => {
  it('puts off what PostgreSQL could not do in time, again and again, and erases others meanwhile', async () => {
    const slow = await erasures.request(1, 'slow');
    const second = await erasures.request(1, 'second');
    const tries: string[] = [];
    const erase: UserPlace['erase'] = ({ userId }) => {
      tries.push(userId);
      if (userId === 'slow') throw new StoreUnavailableError('PostgreSQL could not do it now.', '57014');
      return Promise.resolve('nothing');
    };
    const eraser = new Eraser(db.database, 0, [Object.assign(new HotEvents(), { erase })]);
    await eraser.step();
    await expect(eraser.step()).rejects.toThrow(StoreUnavailableError);
    await finish(eraser);
    expect(await erasures.find(1, second)).toMatchObject({ status: 'done' });
    expect(await erasures.find(1, slow)).toMatchObject({ status: 'running' });
    // Time has passed, and it still is not the first.
    const third = await erasures.request(1, 'third');
    await db.database.query('UPDATE erasures SET resume_at = clock_timestamp() WHERE id = $1', [slow]);
    await eraser.step();
    await eraser.step();
    expect(await erasures.find(1, third)).toMatchObject({ status: 'done' });
    expect(tries).toEqual(['slow', 'second', 'third']);
  });

  it('reads no dead letters of other projects and users, and none again', async () => {
    await addLetters(3000, 1, '1:somebody');
    await addLetters(3, 1, `3:${USER}`);
    await addLetters(3000, 2, '2:somebody');
    await db.database.query('ANALYZE dead_letters');
    const reads: number[] = [];
    const eraser = new Eraser(db.database, 0, [counting(new DeadLetterPlace(), 'dead_letters', reads)]);
    const id = await erasures.request(3, USER);
    await eraser.step();
    expect(await eraser.step()).toEqual({ kind: 'working' });
    expect(await eraser.step()).toEqual({ kind: 'done', erasureId: id });
    expect(await erasures.find(3, id)).toMatchObject({ removed: { deadLetters: 3 } });
    expect(Math.max(...reads)).toBeLessThan(30);
    const [row] = await db.database.query('SELECT letters_through::int4 AS through FROM erasures');
    expect(row).toEqual({ through: 6003 });
  });

  it('looks at each event once, however many were received later, and at a few thousand in one step', async () => {
    await storeEvents(db.database, [anEvent({ userId: USER, projectId: 1 })]);
    await db.database.query(
      `INSERT INTO events (project_id, event_id, occurred_at, received_at, stored_at, name, user_id, data)
       SELECT 1, gen_random_uuid(), now() - interval '1 day' + n * interval '1 s', now() + interval '1 h',
         now() + interval '1 h', 'n', $1, '{}' FROM generate_series(1, 12000) AS n`,
      [USER],
    );
    await db.database.query('ANALYZE events');
    const reads: number[] = [];
    const eraser = new Eraser(db.database, 0, [counting(new HotEvents(), 'events%', reads)]);
    const id = await erasures.request(1, USER);
    await finish(eraser);
    expect(await erasures.find(1, id)).toMatchObject({ status: 'done', removed: { hot: 1 } });
    expect(reads).toHaveLength(4);
    expect(Math.max(...reads)).toBeLessThan(READS_OF_A_STEP);
    expect(reads[3]).toBeLessThan(10);
    // It is of an event of the user.
    const [row] = await db.database.query('SELECT hot_through_at AS at, hot_through_id AS id FROM erasures');
    expect(row).toEqual({ at: null, id: null });
  });
});

describe('an event in PostgreSQL', () => {
  async function erase(): Promise<unknown> {
    const id = await erasures.request(1, USER);
    await finish(new Eraser(db.database, 0));
    return erasures.find(1, id);
  }

  it('is erased though it says that it was received in the future', async () => {
    await storeEvents(db.database, [anEvent({ userId: USER, receivedAt: new Date('9999-12-31T00:00:00Z') })]);
    expect(await erase()).toMatchObject({ status: 'done', removed: { hot: 1 } });
  });

  it('is erased though its operator has given it a time with microseconds', async () => {
    await storeEvents(db.database, [anEvent({ userId: USER })]);
    await db.database.query(`UPDATE events SET occurred_at = occurred_at + interval '7 microseconds'`);
    expect(await erase()).toMatchObject({ status: 'done', removed: { hot: 1, userDays: 1 } });
    expect(await db.database.query('SELECT FROM events')).toEqual([]);
  });

  it('that cannot be removed lets the erasure fail, and nothing says that the event is gone', async () => {
    await storeEvents(db.database, [anEvent({ userId: USER }), anEvent({ userId: USER, name: 'kept' })]);
    await db.database.query('CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$');
    await db.database.query(
      `CREATE TRIGGER keep BEFORE DELETE ON events FOR EACH ROW WHEN (old.name = 'kept') EXECUTE FUNCTION keep()`,
    );
    expect(await erase()).toMatchObject({ status: 'failed', removed: { hot: 0 } });
    expect(await db.database.query('SELECT DISTINCT state FROM event_ids')).toHaveLength(1);
    expect(await db.database.query('SELECT FROM events')).toHaveLength(2);
  });
});
