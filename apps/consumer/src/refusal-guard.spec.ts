import { RefusalGuard } from './refusal-guard';

describe('RefusalGuard', () => {
  it('lets 50 refusals among 1000 events pass, and then no more', () => {
    const guard = new RefusalGuard();
    guard.record(950, false);
    guard.record(49, true);
    expect(guard.exhausted).toBe(false);
    guard.record(1, true);
    expect(guard.exhausted).toBe(true);
  });

  it('forgets refusals that 1000 events have followed', () => {
    const guard = new RefusalGuard();
    guard.record(50, true);
    guard.record(949, false);
    expect(guard.exhausted).toBe(true);
    guard.record(2, false);
    expect(guard.exhausted).toBe(false);
  });

  it('counts a batch of any size', () => {
    const guard = new RefusalGuard();
    guard.record(50, true);
    guard.record(5000, false);
    expect(guard.exhausted).toBe(false);
  });
});
