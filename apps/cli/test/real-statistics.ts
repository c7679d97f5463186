import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CountedEvent } from '../../api/test/recount';
import type { Ask } from '../../api/test/statistics-check';
import { realEvents } from './real-events';

interface Truth {
  readonly first: string;
  readonly last: string;
  readonly top_events: readonly TruthCount[];
  readonly top_events_last_60_days: readonly TruthCount[];
  readonly dau_last_60_days: { readonly from: string; readonly to: string; readonly days: readonly unknown[] };
  readonly retention: Readonly<Record<string, TruthRetention>>;
}

interface TruthCount {
  readonly event_type: string;
  readonly count: number;
}

interface TruthRetention {
  readonly cohort_size: number;
  readonly windows: readonly { readonly day: number; readonly count: number }[];
}

/** The rows of the real file, as the statistics see them. */
export function realCountedEvents(csv: Buffer): CountedEvent[] {
  return realEvents(csv).map(({ event_id, occurred_at, user_id, event_type }) => ({
    event_id,
    occurred_at,
    user_id,
    name: event_type,
  }));
}

const named = ({ event_type, count }: TruthCount): unknown => ({ name: event_type, count });

/** The figures that another program has counted from the real file. */
export async function expectTruth(ask: Ask): Promise<void> {
  const text = readFileSync(join(__dirname, 'fixtures/commits.truth.json'), 'utf8');
  const truth = JSON.parse(text) as Truth;
  const ever = `from=${truth.first.slice(0, 10)}&to=${truth.last.slice(0, 10)}`;
  const { from, to, days } = truth.dau_last_60_days;
  expect(days.length).toBeGreaterThan(40);
  expect(await ask(`/api/v1/stats/dau?from=${from}&to=${to}`)).toEqual(days);
  expect(await ask(`/api/v1/stats/top-events?${ever}`)).toEqual(truth.top_events.map(named));
  const recent = await ask(`/api/v1/stats/top-events?from=${from}&to=${to}`);
  expect(recent).toEqual(truth.top_events_last_60_days.map(named));
  expect(Object.keys(truth.retention)).toHaveLength(3);
  for (const [start, { cohort_size, windows }] of Object.entries(truth.retention)) {
    const answer = await ask(`/api/v1/stats/retention?start_date=${start}&windows=${windows.length}`);
    const rated = windows.map(({ day, count }) => ({ day, count, rate: count / cohort_size }));
    expect(answer).toEqual({ cohort_size, windows: rated });
  }
}
