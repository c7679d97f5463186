import { anEvent, eventually, storeEvents } from '@app/testing';
import { ArchivePipeline } from './archive-pipeline';

jest.setTimeout(120_000);

const DAY_MS = 86_400_000;
const today = Math.floor(Date.now() / DAY_MS);

let pipeline: ArchivePipeline;
beforeEach(async () => {
  pipeline = await ArchivePipeline.open();
});
afterEach(() => pipeline.close());

function dayOf(daysAgo: number): string {
  return new Date((today - daysAgo) * DAY_MS).toISOString().slice(0, 10);
}

/** The statistics of these days, and the day that comes with each. */
async function statistics(key?: string): Promise<{ readonly numbers: unknown[]; readonly from: unknown[] }> {
  const range = `from=${dayOf(40)}&to=${dayOf(0)}`;
  const paths = [`dau?${range}`, `top-events?${range}`, `retention?start_date=${dayOf(25)}&windows=20`];
  const answers = await Promise.all(paths.map((path) => pipeline.get(`/api/v1/stats/${path}`, key)));
  return {
    numbers: await Promise.all(answers.map((answer) => answer.json())),
    from: answers.map(({ headers }) => headers.get('millrace-events-from')),
  };
}

async function idsOf(path = 'limit=50'): Promise<string[]> {
  return ((await pipeline.walk(path)) as { event_id: string }[]).map(({ event_id }) => event_id).sort();
}

async function traceOf(eventId: string): Promise<unknown> {
  return (await pipeline.get(`/api/v1/events/${eventId}/trace`)).json();
}

it('drops what is older than its project keeps: lists have less, numbers stay and say so, ids are known for ever', async () => {
  const stored = Array.from({ length: 60 }, (_, n) =>
    anEvent({ name: `name-${n % 2}`, userId: `user-${n % 3}`, occurredAt: new Date(Date.now() - (n * DAY_MS) / 2) }),
  );
  await storeEvents(pipeline.db.database, stored);
  await pipeline.startApi();
  const before = await statistics();
  expect(before.from).toEqual([null, null, null]);
  expect(await idsOf()).toHaveLength(60);

  await pipeline.send('PATCH', '/api/v1/projects/1', { retention_days: 14 });
  pipeline.startArchiver();
  const eventsFrom = await eventually(async () => {
    const { data } = (await (await pipeline.get('/api/v1/projects')).json()) as { data: { events_from: string }[] };
    expect(data).toEqual([{ id: 1, name: 'default', retention_days: 14, events_from: expect.any(String) as string }]);
    return data[0]!.events_from;
  }, 30_000);
  const dropped = stored.filter(({ occurredAt }) => occurredAt.getTime() < Date.parse(eventsFrom));
  const kept = stored.filter((event) => !dropped.includes(event)).map(({ eventId }) => eventId);
  expect(kept.length).toBeGreaterThan(26);
  expect(await idsOf()).toEqual(kept.sort());

  // The key that was used before the drop may be a minute behind.
  const { key } = await pipeline.send('POST', '/api/v1/keys', { name: 'new', scopes: ['read'] });
  const after = { numbers: before.numbers, from: [eventsFrom, eventsFrom, eventsFrom] };
  expect(await statistics(String(key))).toEqual(after);
  const { ticket } = await pipeline.send('POST', '/api/v1/tickets', {});
  const doors = await Promise.all([
    pipeline.get('/api/v1/events', String(key)),
    pipeline.get(`/graphql?query=${encodeURIComponent('{ lastEvents(limit: 1) { id } }')}`, String(key)),
    pipeline.get(`/api/v1/events.csv?ticket=${String(ticket)}`, null),
  ]);
  expect(doors.map(({ headers }) => headers.get('millrace-events-from'))).toEqual([eventsFrom, eventsFrom, eventsFrom]);

  const { eventId, occurredAt } = dropped[0]!;
  expect(await traceOf(eventId)).toMatchObject({ status: 'expired', duplicates: 0, stored_at: null });
  expect(await traceOf(kept[0]!)).not.toMatchObject({ status: 'expired' });
  pipeline.startConsumer();
  const again = { event_id: eventId, name: 'again', occurred_at: occurredAt.toISOString() };
  await pipeline.send('POST', '/api/v1/events', again);
  await eventually(async () => {
    expect(await traceOf(eventId)).toMatchObject({ status: 'expired', duplicates: 1 });
  }, 30_000);
  expect(await idsOf()).toEqual(kept);
  expect(await statistics(String(key))).toEqual(after);
});
