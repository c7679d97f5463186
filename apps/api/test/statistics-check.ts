import type { Recount } from './recount';

/** Asks the API for a path and gives the answer's body. */
export type Ask = (path: string) => Promise<unknown>;

/** @throws when an answer is not 200. */
export function asking(url: string, key: string): Ask {
  return async (path) => {
    const answer = await fetch(url + path, { headers: { 'X-API-Key': key } });
    if (answer.status !== 200) throw new Error(`${path} is answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
}

function randomOf<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)]!;
}

/** DAU of every day, top events of all time and of many ranges, retention of many days: equal to the recount. */
export async function expectStatistics(ask: Ask, recount: Recount): Promise<void> {
  const { days } = recount;
  const [first = '', last = ''] = [days[0], days.at(-1)];
  expect(await ask(`/api/v1/stats/dau?from=${first}&to=${last}`)).toEqual(recount.dau(first, last));
  const all = await ask(`/api/v1/stats/top-events?from=${first}&to=${last}&limit=1000`);
  expect(all).toEqual(recount.topEvents(first, last, 1000));
  for (let count = 0; count < 40; count += 1) {
    const [from = '', to = ''] = [randomOf(days), randomOf(days)].sort();
    const query = `from=${from}&to=${to}`;
    expect([query, await ask(`/api/v1/stats/top-events?${query}`)]).toEqual([query, recount.topEvents(from, to, 10)]);
  }
  for (let count = 0; count < 60; count += 1) {
    const [start, cohort, windows] = [randomOf(days), randomOf(['active', 'new'] as const), randomOf([7, 31, 366])];
    const query = `start_date=${start}&windows=${windows}&cohort=${cohort}`;
    const expected = recount.retention(start, windows, cohort);
    expect([query, await ask(`/api/v1/stats/retention?${query}`)]).toEqual([query, expected]);
  }
}
