import fc from 'fast-check';
import { AppProcess, eventually } from '@app/testing';
import { anySample, goodSample } from './any-event';
import { runningApi, type TestApi } from './running-api';
import {
  cloudEventsBatch,
  cloudEventsInHeaders,
  nativeArray,
  segmentBatch,
  type Sender,
  type Taken,
} from './sample-senders';
import { startConsumer } from './start-consumer';

jest.setTimeout(180_000);

const RUNS = 6;
const EVENTS = 30;

let test: TestApi;
let consumer: AppProcess;

beforeAll(async () => {
  test = await runningApi();
  consumer = startConsumer(test.db.url);
});
afterAll(async () => {
  await consumer.stop();
  await test.stop();
});

/** One text for equal values: members sorted, `__proto__` among them, which `toEqual` does not see. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}

async function read(id: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`${test.api.url}/api/v1/events/${id}`, { headers: { 'X-API-Key': test.key } });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

async function expectEqual({ id, expected }: Taken): Promise<void> {
  const stored = await read(id);
  for (const [field, value] of Object.entries(expected)) {
    expect([field, canonical(stored[field])]).toEqual([field, canonical(value)]);
  }
}

describe('whatever is taken is stored and read back equal', () => {
  let takenInAll = 0;

  it.each<[string, Sender, typeof anySample]>([
    ['a native array', nativeArray, anySample],
    ['a batch of CloudEvents', cloudEventsBatch, anySample],
    ['CloudEvents in headers', cloudEventsInHeaders, anySample],
    ['a batch of Segment', segmentBatch, goodSample],
  ])('%s', async (_name, send, sample) => {
    const property = fc.asyncProperty(fc.array(sample, { minLength: EVENTS, maxLength: EVENTS }), async (events) => {
      const taken = await send({ url: test.api.url, key: test.key }, events);
      takenInAll += taken.length;
      await eventually(() => Promise.all(taken.map(expectEqual)), 30_000);
    });
    // Shrinking would wait for the time-out again and again; the seed in the message runs it as it was.
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
  });

  it.each<[string, Sender]>([
    ['a native array', nativeArray],
    ['a batch of CloudEvents', cloudEventsBatch],
  ])('and what keeps every rule is taken: %s', async (_name, send) => {
    const property = fc.asyncProperty(
      fc.array(goodSample, { minLength: EVENTS, maxLength: EVENTS }),
      async (events) => {
        expect(await send({ url: test.api.url, key: test.key }, events)).toHaveLength(EVENTS);
      },
    );
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
  });

  it('of many', () => {
    expect(takenInAll).toBeGreaterThan(2 * RUNS * EVENTS);
  });
});
