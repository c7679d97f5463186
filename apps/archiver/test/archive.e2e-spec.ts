import { readdirSync } from 'node:fs';
import { anEvent, eventually, storeEvents } from '@app/testing';
import { ArchivePipeline } from './archive-pipeline';

jest.setTimeout(120_000);

const DAY_MS = 86_400_000;

let pipeline: ArchivePipeline;
beforeEach(async () => {
  pipeline = await ArchivePipeline.open();
});
afterEach(() => pipeline.close());

/** Of the last 30 days, three a day, of two users. */
function events(): ReturnType<typeof anEvent>[] {
  return Array.from({ length: 90 }, (_, n) =>
    anEvent({
      name: `name-${n % 2}`,
      userId: `user-${n % 2}`,
      occurredAt: new Date(Date.now() - (n * DAY_MS) / 3),
      amount: n / 4,
      data: { n },
    }),
  );
}

describe('old events', () => {
  it('give the same answers on every door before, during and after their move', async () => {
    const stored = events();
    await storeEvents(pipeline.db.database, stored);
    await pipeline.startApi();
    const ids = stored.map(({ eventId }) => eventId);
    const before = await pipeline.answers(ids);
    expect(before.walked).toHaveLength(90);

    const archiver = pipeline.startArchiver();
    const during = pipeline.answersUntil(ids, archiver.logged('Old events are archived.'));
    for (const answers of await during) expect(answers).toEqual(before);

    await eventually(async () => {
      expect(await pipeline.hotRows('occurred_at < $1', [pipeline.boundary])).toBe(0);
    });
    expect(await pipeline.hotRows('true', [])).toBeGreaterThan(0);
    expect(readdirSync(pipeline.folder)).toHaveLength(1);
    expect(await pipeline.answers(ids)).toEqual(before);
  });
});
