import { readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '@app/events';
import { ColdSegments, LongSession } from '@app/persistence';
import { anEvent, eventually, inTransaction, storeEvents } from '@app/testing';
import { ArchiveProcess } from '../test/archive-process';
import { idsOf, readBothTiers, readHot } from '../test/both-tiers';
import { freshColdTier, type FreshColdTier } from '../test/fresh-cold-tier';
import { Archiver, type ArchiveStep } from './archiver';
import { Engine } from './duckdb/engine';
import { LocalSegmentStorage } from './local/local-segment-storage';

const DAY_MS = 86_400_000;
const boundary = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - 7 * DAY_MS);

/** Without what was begun and left, whose files are gone. */
const NAMED = `SELECT file FROM cold_segments WHERE state <> 'writing' ORDER BY file`;

/** Takes the last line away. */
function truncateAfterLine(path: string): void {
  const lines = readFileSync(path);
  truncateSync(path, lines.lastIndexOf(10, lines.length - 2) + 1);
}

let tier: FreshColdTier;
let db: FreshColdTier['db'];
let folder: string;
let engine: Engine;
beforeEach(async () => {
  tier = await freshColdTier();
  ({ db, folder, engine } = tier);
});
afterEach(() => tier.drop());

function archiver(storage = new LocalSegmentStorage(folder)): Archiver {
  return new Archiver(db.config, storage, engine);
}

/** `count` events, an hour apart, the last one an hour before the boundary. */
function oldEvents(count: number, overrides: Partial<Event> = {}): Event[] {
  return Array.from({ length: count }, (_, n) =>
    anEvent({ occurredAt: new Date(boundary.getTime() - (n + 1) * 3_600_000), ...overrides }),
  );
}

const odd: Partial<Event>[] = [
  { name: '\\.', source: ',', userId: '"quoted"' },
  { name: '💧 ünï', userId: "it's", data: { text: 'a\u0001b\u0002c\r\nd\te\\"f', '': null } },
  { amount: 0.000000001, data: { big: 1e308, small: 5e-324, deep: [[[{ a: [] }]]] } },
  { amount: -999_999_999_999_999, context: { ip: '::1', list: [1, 2.5, -3] } },
  { amount: 123_456.789, userId: undefined, source: undefined },
  { occurredAt: new Date('0001-01-01T00:00:00.001Z') },
  { occurredAt: new Date('1969-12-31T23:59:59.999Z'), receivedAt: new Date('2000-02-29T00:00:00.100Z') },
  { data: { long: 'x'.repeat(200_000) } },
];

describe('a run', () => {
  it('moves every old event as it is, and leaves the younger ones', async () => {
    const young = anEvent({ occurredAt: boundary });
    await storeEvents(db.database, [...oldEvents(50), ...odd.map((each) => ({ ...oldEvents(1, each)[0]! })), young]);
    const before = await readBothTiers(db.url, folder);

    expect(await archiver().run({ boundary })).toMatchObject({ ran: true, segments: 1, rows: 50 + odd.length });

    expect(await readBothTiers(db.url, folder)).toEqual(before);
    expect(idsOf(await readHot(db.url))).toEqual([young.eventId]);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('cuts what is more than a segment holds, each with the events of all projects in order', async () => {
    await db.database.query(`INSERT INTO projects (name) VALUES ('other')`);
    await storeEvents(db.database, [...oldEvents(60), ...oldEvents(60, { projectId: 2 })]);
    const before = await readBothTiers(db.url, folder);
    expect(await archiver().run({ boundary, maxRows: 50 })).toMatchObject({ ran: true, segments: 3, rows: 120 });
    expect(await readBothTiers(db.url, folder)).toEqual(before);
    const rows = await db.database.query(
      'SELECT min_project_id AS min, max_project_id AS max, row_count AS n FROM cold_segments ORDER BY id',
    );
    expect(rows).toEqual([
      { min: 1, max: 1, n: '50' },
      { min: 1, max: 2, n: '50' },
      { min: 2, max: 2, n: '20' },
    ]);
  });

  it('finds nothing to do where everything was moved, and takes what comes late into further segments', async () => {
    await storeEvents(db.database, oldEvents(10));
    await archiver().run({ boundary });
    expect(await archiver().run({ boundary })).toMatchObject({ ran: true, segments: 0, rows: 0 });
    await storeEvents(db.database, oldEvents(5));
    const before = await readBothTiers(db.url, folder);
    expect(await archiver().run({ boundary })).toMatchObject({ ran: true, segments: 1, rows: 5 });
    expect(await readBothTiers(db.url, folder)).toEqual(before);
  });

  it('lets one archiver at a time work', async () => {
    await storeEvents(db.database, oldEvents(10));
    let other: unknown;
    const onStep = async (step: ArchiveStep): Promise<void> => {
      if (step === 'spooled') other = await archiver().run({ boundary });
    };
    expect(await archiver().run({ boundary, onStep })).toMatchObject({ ran: true, rows: 10 });
    expect(other).toMatchObject({ ran: false, segments: 0, rows: 0 });
  });

  it('leaves the files of another database in the same folder alone', async () => {
    await storeEvents(db.database, oldEvents(10));
    await archiver().run({ boundary });
    const [file = ''] = readdirSync(folder);
    await db.database.query('UPDATE cold_store SET id = gen_random_uuid()');
    await db.database.query('DELETE FROM cold_segments');
    await archiver().run({ boundary });
    expect(readdirSync(folder)).toEqual([file]);
  });
});

describe('a move that cannot be made', () => {
  /** Breaks the file at one point of its way. */
  class BrokenStorage extends LocalSegmentStorage {
    constructor(
      private readonly at: 'settle' | 'publish',
      private readonly breakIt: (draft: string) => void,
    ) {
      super(folder);
    }

    override async settle(draft: string): Promise<void> {
      if (this.at === 'settle') this.breakIt(draft);
      await super.settle(draft);
    }

    override async publish(draft: string, file: string): Promise<void> {
      if (this.at === 'publish') this.breakIt(draft);
      await super.publish(draft, file);
    }
  }

  const full = (): never => {
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  };

  it.each<[string, () => LocalSegmentStorage, string]>([
    ['the disk is full before fsync', () => new BrokenStorage('settle', full), 'SEGMENT_NOT_WRITTEN'],
    ['the disk is full at the rename', () => new BrokenStorage('publish', full), 'SEGMENT_NOT_WRITTEN'],
    [
      'the file is cut off',
      () =>
        new BrokenStorage('settle', (draft) => {
          truncateSync(draft, 500);
        }),
      'SEGMENT_NOT_WRITTEN',
    ],
    ['the folder cannot be made', () => new LocalSegmentStorage('/dev/null/cold'), 'SEGMENT_NOT_WRITTEN'],
  ])('leaves everything as it was when %s', async (_, storage, code) => {
    await storeEvents(db.database, oldEvents(20));
    const before = await readHot(db.url);
    await expect(archiver(storage()).run({ boundary })).rejects.toMatchObject({ code });
    expect(await readHot(db.url)).toEqual(before);
    expect(readdirSync(folder)).toEqual([]);

    expect(await archiver().run({ boundary })).toMatchObject({ segments: 1, rows: 20 });
    expect(await db.database.query(`SELECT row_count::int4 AS n FROM cold_segments WHERE state <> 'writing'`)).toEqual([
      { n: 20 },
    ]);
  });

  it('leaves everything as it was when the file has something else than was sent', async () => {
    await storeEvents(db.database, oldEvents(20));
    const onStep = (step: ArchiveStep): void => {
      // A line less for DuckDB to read than PostgreSQL sent.
      if (step === 'spooled') for (const name of readdirSync(folder)) truncateAfterLine(join(folder, name));
    };
    await expect(archiver().run({ boundary, onStep })).rejects.toMatchObject({ code: 'SEGMENT_DIFFERS' });
    expect(await readHot(db.url)).toHaveLength(20);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('publishes nothing when a row has gone meanwhile, or another run has taken the segment', async () => {
    const [first, ...rest] = oldEvents(20);
    await storeEvents(db.database, [first!, ...rest]);
    const erase = async (step: ArchiveStep): Promise<void> => {
      if (step === 'renamed') await db.database.query('DELETE FROM events WHERE event_id = $1', [first!.eventId]);
    };
    await expect(archiver().run({ boundary, onStep: erase })).rejects.toMatchObject({ code: 'SEGMENT_LOST' });
    expect(idsOf(await readBothTiers(db.url, folder))).toEqual(rest.map(({ eventId }) => eventId).sort());

    const steal = async (step: ArchiveStep): Promise<void> => {
      if (step === 'renamed') await db.database.query('UPDATE cold_segments SET owner = gen_random_uuid()');
    };
    await expect(archiver().run({ boundary, onStep: steal })).rejects.toMatchObject({ code: 'SEGMENT_LOST' });
    expect(await readHot(db.url)).toHaveLength(19);
  });
});

it('publishes nothing of a run from which another one has taken what it began', async () => {
  await storeEvents(db.database, oldEvents(20));
  const session = await LongSession.open(db.config);
  const onStep = async (step: ArchiveStep): Promise<void> => {
    if (step === 'renamed') await new ColdSegments(session).abandoned();
  };
  await expect(archiver().run({ boundary, onStep })).rejects.toMatchObject({ code: 'SEGMENT_LOST' });
  await session.close();
  expect(await readHot(db.url)).toHaveLength(20);
});

describe('an archiver that is killed', () => {
  const steps: ArchiveStep[] = [
    ...(['locked', 'swept', 'begun', 'spooled', 'written', 'settled', 'verified', 'renamed'] as const),
    ...(['published', 'cleared'] as const),
  ];

  it('loses, doubles and hides no event, after whichever step, while readers look and late events come', async () => {
    const stored: Event[] = [];
    const store = async (events: readonly Event[]): Promise<void> => {
      await storeEvents(db.database, events);
      stored.push(...events);
    };
    const expectAll = async (): Promise<void> => {
      expect(idsOf(await readBothTiers(db.url, folder))).toEqual(stored.map(({ eventId }) => eventId).sort());
    };
    for (const [index, waitAfter] of steps.entries()) {
      await store(oldEvents(30));
      // Every other time in the second segment of the run.
      const times = 1 + (index % 2);
      const run = ArchiveProcess.start({
        url: db.url,
        folder,
        boundary,
        maxRows: 12,
        waitAfter,
        times: index < 2 ? 1 : times,
      });
      expect(await run.says()).toEqual({ waits: waitAfter });
      await store(oldEvents(3));
      await expectAll();
      await run.kill();
      await expectAll();
    }
    await eventually(async () => {
      expect(await archiver().run({ boundary })).toMatchObject({ ran: true });
    });
    await expectAll();
    expect(await readHot(db.url)).toEqual([]);
    const files = await db.database.query<{ file: string }>(NAMED);
    expect(readdirSync(folder).sort()).toEqual(files.map(({ file }) => file));
  }, 120_000);

  it('changes nothing when it dies between the first and the last row that it deletes', async () => {
    const events = oldEvents(30);
    await storeEvents(db.database, events);
    const before = await readHot(db.url);
    await inTransaction(db.url, async (query) => {
      await query('SELECT FROM events WHERE event_id = $1 FOR UPDATE', [events[15]!.eventId]);
      const run = ArchiveProcess.start({ url: db.url, folder, boundary, maxRows: 1000 });
      await eventually(async () => {
        expect(
          await db.database.query(
            `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
               AND query LIKE '%DELETE FROM events%'`,
          ),
        ).toHaveLength(1);
      });
      expect(await readBothTiers(db.url, folder)).toHaveLength(30);
      await run.kill();
    });
    expect(await readBothTiers(db.url, folder)).toHaveLength(30);
    await eventually(async () => {
      expect(await archiver().run({ boundary })).toMatchObject({ ran: true, rows: 30 });
    });
    const after = await readBothTiers(db.url, folder);
    expect(idsOf(after)).toEqual(idsOf(before));
  });
});
