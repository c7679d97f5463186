interface OutageSize {
  readonly events: number;
  readonly eventsPerSecond: number;
  /** Longer than what an outage must exceed to be one: the session of a member, the time a publish waits for the log. */
  readonly outageMs: number;
  /** How long a publish waits for the log to confirm. */
  readonly publishTimeoutMs: number;
  /** From the heal to the last of the backlog. */
  readonly recoveryLimitMs: number;
}

/** What the promise speaks of. Its limit is one of time, for a machine that does nothing else. */
const FULL: OutageSize = {
  events: 200_000,
  eventsPerSecond: 1500,
  outageMs: 20_000,
  publishTimeoutMs: 10_000,
  recoveryLimitMs: 20_000,
};

/** As much as a run of all tests has time for, on a machine that may be slow. */
const SHORT: OutageSize = {
  events: 25_000,
  eventsPerSecond: 600,
  outageMs: 8000,
  publishTimeoutMs: 4000,
  recoveryLimitMs: 90_000,
};

export const outageSize = process.env['TEST_OUTAGES'] === 'full' ? FULL : SHORT;
