import { ProgressWatchdog } from './progress-watchdog';

const SECOND_MS = 1000;

describe('ProgressWatchdog', () => {
  let watchdog: ProgressWatchdog;
  let now: number;
  let lastCommitAt: Date | undefined;

  beforeEach(() => {
    watchdog = new ProgressWatchdog(120 * SECOND_MS, 5 * SECOND_MS);
    now = 0;
    lastCommitAt = undefined;
  });

  function pass(seconds: number, mustProgress: boolean): void {
    for (let second = 0; second < seconds; second += 5) {
      watchdog.observe({ mustProgress, lastCommitAt }, now);
      now += 5 * SECOND_MS;
    }
  }

  it('calls a member stuck that has work and commits nothing for so long', () => {
    pass(120, true);
    expect(watchdog.stuck).toBe(false);
    pass(10, true);
    expect(watchdog.stuck).toBe(true);
  });

  it('begins anew with every commit, and forgives with the first one', () => {
    pass(100, true);
    lastCommitAt = new Date(1);
    pass(100, true);
    expect(watchdog.stuck).toBe(false);
    pass(30, true);
    expect(watchdog.stuck).toBe(true);
    lastCommitAt = new Date(2);
    pass(5, true);
    expect(watchdog.stuck).toBe(false);
  });

  it('counts no time in which there was nothing to do, or something was away', () => {
    pass(3600, false);
    pass(100, true);
    pass(5, false);
    pass(100, true);
    expect(watchdog.stuck).toBe(false);
  });

  it('takes a gap between samples for time in which the process itself was stopped', () => {
    pass(60, true);
    now += 3600 * SECOND_MS;
    pass(10, true);
    expect(watchdog.stuck).toBe(false);
  });
});
