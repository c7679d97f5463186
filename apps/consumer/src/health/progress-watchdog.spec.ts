import { ProgressWatchdog } from './progress-watchdog';

const SECOND_MS = 1000;

describe('ProgressWatchdog', () => {
  let watchdog: ProgressWatchdog;
  let now: number;

  beforeEach(() => {
    watchdog = new ProgressWatchdog(120 * SECOND_MS, 5 * SECOND_MS);
    now = 0;
  });

  /** @param waiting partition and next offset of each that must move. */
  function pass(seconds: number, ...waiting: readonly (readonly [number, number])[]): void {
    for (let second = 0; second < seconds; second += 5) {
      watchdog.observe({ waiting: new Map(waiting) }, now);
      now += 5 * SECOND_MS;
    }
  }

  it('calls a member stuck that has work and commits nothing for so long', () => {
    pass(120, [0, 7]);
    expect(watchdog.stuck).toBe(false);
    pass(10, [0, 7]);
    expect(watchdog.stuck).toBe(true);
  });

  it('begins anew with every commit, and forgives with the first one', () => {
    pass(100, [0, 7]);
    pass(100, [0, 8]);
    expect(watchdog.stuck).toBe(false);
    pass(30, [0, 8]);
    expect(watchdog.stuck).toBe(true);
    pass(5, [0, 9]);
    expect(watchdog.stuck).toBe(false);
  });

  it('sees the one partition that hangs while the others go on', () => {
    for (let round = 0; round < 30; round += 1) pass(5, [0, round], [1, 7]);
    expect(watchdog.stuck).toBe(true);
    pass(5, [0, 30]);
    expect(watchdog.stuck).toBe(false);
  });

  it('counts no time in which there was nothing to do, or something was away', () => {
    pass(3600);
    pass(100, [0, 7]);
    pass(5);
    pass(100, [0, 7]);
    expect(watchdog.stuck).toBe(false);
  });

  it('remembers over a sample that could not be taken', () => {
    for (let round = 0; round < 15; round += 1) {
      pass(5, [0, 7]);
      now += 5 * SECOND_MS; // no sample
    }
    expect(watchdog.stuck).toBe(true);
  });

  it('takes a gap between samples for time in which the process itself was stopped', () => {
    pass(60, [0, 7]);
    now += 3600 * SECOND_MS;
    pass(10, [0, 7]);
    expect(watchdog.stuck).toBe(false);
  });
});
