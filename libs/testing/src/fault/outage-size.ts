/** As much as the promise speaks of with TEST_OUTAGES=full; otherwise as much as a run of all tests has time for. */
export const outageSize =
  process.env['TEST_OUTAGES'] === 'full'
    ? { events: 200_000, eventsPerSecond: 1500, outageMs: 20_000 }
    : { events: 40_000, eventsPerSecond: 600, outageMs: 20_000 };
