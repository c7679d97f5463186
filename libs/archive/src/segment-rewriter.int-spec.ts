import { readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '@app/events';
import { EventTraces, segmentRecords } from '@app/persistence';
import { anEvent, storeEvents } from '@app/testing';
import { idsOf, readBothTiers } from '../test/both-tiers';
import { freshColdTier, type FreshColdTier } from '../test/fresh-cold-tier';
import { ColdStore } from './cold-store';
import { Engine } from './duckdb/engine';
import { LocalSegmentStorage } from './local/local-segment-storage';
import { LockedTier, type OnStep } from './locked-tier';
import { SegmentRewriter, type Rewrite, type RewriteStep } from './segment-rewriter';

const BEGIN = Date.parse('2026-01-01T00:00:00Z');
const boundary = new Date('2026-02-01T00:00:00Z');
const GRACE_MS = 3_600_000;

let tier: FreshColdTier;
let db: FreshColdTier['db'];
let folder: string;
let engine: Engine;
beforeEach(async () => {
  tier = await freshColdTier();
  ({ db, folder, engine } = tier);
});
afterEach(() => tier.drop());

/** Segments that overlap, of two projects, with rows of half a megabyte among them. */
async function archiveSegments(count: number): Promise<Event[]> {
  await db.database.query(`INSERT INTO projects (name) VALUES ('other')`);
  const events: Event[] = [];
  for (let part = 0; part < count; part += 1) {
    const some = Array.from({ length: 40 }, (_, n) =>
      anEvent({
        projectId: 1 + (n % 2),
        occurredAt: new Date(BEGIN + ((n * 7919 + part) % 499) * 60_000 + (n % 3)),
        name: n % 5 === 0 ? 'drop' : 'keep',
        amount: n % 4 === 0 ? undefined : (n - 19) / 1000,
        userId: n % 7 === 0 ? undefined : `it's ${n}`,
        context: n % 2 === 0 ? { part } : undefined,
        data: n === 13 ? { long: 'ü'.repeat(120_000) } : { n },
      }),
    );
    await storeEvents(db.database, some);
    events.push(...some);
    await tier.archiver.run({ boundary });
  }
  return events;
}

type Wanted = Omit<Rewrite, 'segments'>;

async function rewrite(wanted: Wanted, onStep?: OnStep<RewriteStep>, graceMs = GRACE_MS): Promise<void> {
  const storage = new LocalSegmentStorage(folder);
  const tier = await LockedTier.lock({ config: db.config, storage, engine, graceMs });
  try {
    await tier!.sweep();
    await new SegmentRewriter(tier!, onStep).rewrite({ segments: await segmentRecords(tier!.session), ...wanted });
  } finally {
    await tier?.close();
  }
}

function read(): ReturnType<typeof readBothTiers> {
  return readBothTiers(db.url, folder);
}

const merge: Wanted = { kind: 'merge', keep: ['true'] };
const withoutSome: Wanted = { kind: 'expire', keep: [`name <> 'drop'`] };

describe('rewriting segments', () => {
  it('makes one of several, with every row as it was, in order', async () => {
    await archiveSegments(3);
    const before = await read();
    await rewrite(merge);
    expect(await read()).toEqual(before);
    const states = await db.database.query('SELECT state, row_count::int4 AS n FROM cold_segments ORDER BY id');
    expect(states).toEqual([...Array<object>(3).fill({ state: 'superseded', n: 40 }), { state: 'committed', n: 120 }]);
  });

  it('keeps when each event came into the archive, whatever file it is in now', async () => {
    const kept = (await archiveSegments(2)).filter(({ name }) => name === 'keep');
    const traces = new EventTraces(db.database, new ColdStore(tier.storage, engine));
    const archived = (): Promise<unknown[]> =>
      Promise.all(kept.map(({ projectId, eventId }) => traces.find(projectId, eventId)));
    const before = await archived();
    expect(before[0]).toHaveProperty('archivedAt.getTime');
    await rewrite(merge);
    await rewrite(withoutSome);
    expect(await archived()).toEqual(before);
  });

  it('leaves out exactly the rows that are to go, and all of them where none is to stay', async () => {
    const events = await archiveSegments(2);
    await rewrite(withoutSome);
    const kept = events.filter(({ name }) => name === 'keep').map(({ eventId }) => eventId);
    expect(idsOf(await read())).toEqual(kept.sort());
    await rewrite({ kind: 'expire', keep: [] });
    expect(await read()).toEqual([]);
  });

  it('divides a segment by conditions, of which the first that a row meets is its own', async () => {
    await archiveSegments(2);
    const before = await read();
    await rewrite({ kind: 'set-apart', keep: [`name = 'drop'`, 'project_id = 2', 'project_id = 3', 'true'] });
    expect(await read()).toEqual(before);
    const rows = await db.database.query(
      `SELECT row_count::int4 AS n, min_project_id AS min FROM cold_segments WHERE state = 'committed' ORDER BY id`,
    );
    expect(rows).toEqual([{ n: 16, min: 1 }, { n: 32, min: 2 }, { n: 32, min: 1 }]); // prettier-ignore
  });

  it('keeps replaced files for as long as somebody may be reading them, by the clock of the database', async () => {
    await archiveSegments(2);
    await rewrite(merge);
    await rewrite(withoutSome, undefined, GRACE_MS);
    expect(readdirSync(folder)).toHaveLength(4);
    const ago = `clock_timestamp() - interval '1 ms' * ${GRACE_MS - 60_000}`;
    await db.database.query(`UPDATE cold_segments SET superseded_at = ${ago} WHERE state = 'superseded' AND id < 4`);
    const sweep = async (): Promise<void> => {
      const storage = new LocalSegmentStorage(folder);
      const tier = await LockedTier.lock({ config: db.config, storage, engine, graceMs: GRACE_MS });
      await tier!.sweep();
      await tier!.close();
    };
    await sweep();
    expect(readdirSync(folder)).toHaveLength(4);
    await db.database.query(
      `UPDATE cold_segments SET superseded_at = superseded_at - interval '2 minutes' WHERE id < 3 AND state = 'superseded'`,
    );
    await sweep();
    expect(readdirSync(folder)).toHaveLength(2);
    expect(await db.database.query('SELECT state FROM cold_segments ORDER BY id')).toHaveLength(2);
  });
});

describe('a rewriting that cannot be made', () => {
  const committed = (): Promise<unknown> =>
    db.database.query(`SELECT id, state FROM cold_segments WHERE state <> 'writing' ORDER BY id`);

  it.each<[string, string]>([
    ['an old file is not what the manifest says', `UPDATE cold_segments SET amount_sum = amount_sum + 0.000000001`],
    ['an old file has an id less', `UPDATE cold_segments SET id_checksum = decode(repeat('00', 16), 'hex')`],
    ['an old file has a row more', 'UPDATE cold_segments SET row_count = row_count - 1'],
    ['an old file reaches further', `UPDATE cold_segments SET max_occurred_at = max_occurred_at + interval '1 ms'`],
  ])('changes nothing when %s', async (_, sql) => {
    await archiveSegments(2);
    await db.database.query(sql);
    const before = await committed();
    await expect(rewrite(merge)).rejects.toMatchObject({ code: 'SEGMENT_DIFFERS' });
    expect(await committed()).toEqual(before);
  });

  it('changes nothing when a new file has something else than the old ones', async () => {
    await archiveSegments(2);
    const before = await committed();
    const other = join(folder, 'other');
    const onStep: OnStep<RewriteStep> = async (step) => {
      if (step !== 'merge-written') return;
      // Of another amount, and as many rows and bytes.
      const draft = readdirSync(folder).find(
        (name) => /[0-9a-f]\.parquet\.tmp$/.test(name) && !/-\d\.parquet/.test(name),
      )!;
      const path = join(folder, draft);
      await engine.connected(async (connection) => {
        const changed = 'SELECT * REPLACE (amount * 2 AS amount)';
        await connection.run(`COPY (${changed} FROM read_parquet('${path}')) TO '${other}' (FORMAT parquet)`);
        await connection.run(`COPY (FROM read_parquet('${other}')) TO '${path}' (FORMAT parquet)`);
      });
    };
    await expect(rewrite(merge, onStep)).rejects.toMatchObject({ code: 'SEGMENT_DIFFERS' });
    expect(await committed()).toEqual(before);
    rmSync(other);
  });

  it('changes nothing when a draft is cut off, or an old segment was replaced by another run meanwhile', async () => {
    await archiveSegments(2);
    const before = await read();
    const cut: OnStep<RewriteStep> = (step) => {
      if (step !== 'merge-settled') return;
      for (const name of readdirSync(folder)) if (name.endsWith('.tmp')) truncateSync(join(folder, name), 900);
    };
    await expect(rewrite(merge, cut)).rejects.toThrow();
    expect(await read()).toEqual(before);
    const steal: OnStep<RewriteStep> = async (step) => {
      if (step === 'merge-renamed') {
        await db.database.query(`UPDATE cold_segments SET id_checksum = decode(repeat('01', 16), 'hex') WHERE id = 1`);
      }
    };
    await expect(rewrite(merge, steal)).rejects.toMatchObject({ code: 'SEGMENT_LOST' });
    expect(await read()).toEqual(before);
    await db.database.query('UPDATE cold_segments SET id_checksum = id_checksum');
    expect(statSync(join(folder, readdirSync(folder)[0]!)).size).toBeGreaterThan(900);
  });
});
