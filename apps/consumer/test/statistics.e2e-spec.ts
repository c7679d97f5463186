import { randomUUID } from 'node:crypto';
import { eventually } from '@app/testing';
import { Recount, type CountedEvent } from '../../api/test/recount';
import { asking, expectStatistics } from '../../api/test/statistics-check';
import { LocalPipeline } from '../../cli/test/local-pipeline';

jest.setTimeout(120_000);

const EVENTS = 4000;
const PER_POST = 500;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

const chance = (probability: number): boolean => Math.random() < probability;
const below = (limit: number): number => Math.floor(Math.random() * limit);

/** Over 70 days and the day that comes, most of them in the last hours; with and without users and amounts. */
function anyEvent(): CountedEvent {
  const back = chance(0.5) ? Math.random() * 3 * 3_600_000 : Math.random() * 71 * DAY_MS - 0.9 * DAY_MS;
  return {
    event_id: randomUUID(),
    occurred_at: new Date(Date.now() - back).toISOString(),
    name: ['page_view', 'Page_view', 'order.paid', 'é', '😀', '～', `rare.${below(40)}`][below(7)]!,
    ...(chance(0.8) ? { user_id: `user-${below(60)}` } : {}),
    ...(chance(0.5) ? { amount: (below(200_000) - 50_000) / 100 } : {}),
  };
}

/** Random order, three in ten twice. */
function anyOrder(events: readonly CountedEvent[]): CountedEvent[] {
  const all = [...events, ...events.filter(() => chance(0.3))].map((event) => ({ event, place: Math.random() }));
  return all.sort((a, b) => a.place - b.place).map(({ event }) => event);
}

let pipeline: LocalPipeline;
beforeAll(async () => {
  pipeline = await LocalPipeline.start();
});
afterAll(() => pipeline.stop());

async function post(events: readonly CountedEvent[]): Promise<void> {
  for (let from = 0; from < events.length; from += PER_POST) {
    const answer = await fetch(`${pipeline.url}/api/v1/events`, {
      method: 'POST',
      headers: { 'X-API-Key': pipeline.key, 'Content-Type': 'application/json' },
      body: JSON.stringify(events.slice(from, from + PER_POST)),
    });
    expect(await answer.json()).toMatchObject({ rejected: 0 });
  }
}

it('numbers are those of a plain recount, whatever the order of the events and however often they come', async () => {
  const events = Array.from({ length: EVENTS }, anyEvent);
  await post(anyOrder(events));
  await pipeline.drained();
  const recount = new Recount(events);
  const ask = asking(pipeline.url, pipeline.key);
  await expectStatistics(ask, recount);

  const minuteOf = (ms: number): number => Math.floor(ms / MINUTE_MS) * MINUTE_MS;
  for (const [minutes, name] of [[60], [10_080], [120, 'page_view'], [10_080, '😀'], [10_080, 'none']] as const) {
    // Asked again when a minute has begun meanwhile: the answer may be of the one or the other.
    await eventually(async () => {
      const last = minuteOf(Date.now());
      const query = `minutes=${minutes}${name === undefined ? '' : `&name=${encodeURIComponent(name)}`}`;
      const answer = await ask(`/api/v1/stats/per-minute?${query}`);
      expect(minuteOf(Date.now())).toBe(last);
      const first = new Date(last - (minutes - 1) * MINUTE_MS);
      expect([query, answer]).toEqual([query, recount.perMinute(first, new Date(last), name)]);
    });
  }
});
