import { CircuitBreaker } from './circuit-breaker';

function makeBreaker(probes: ('works' | 'fails')[]) {
  const log: string[] = [];
  const breaker = new CircuitBreaker({
    firstWaitMs: 100,
    lastWaitMs: 400,
    probe: () => {
      const outcome = probes.shift();
      log.push(`probe ${outcome ?? 'unexpected'}`);
      return outcome === 'works' ? Promise.resolve() : Promise.reject(new Error('still away'));
    },
    onOpen: () => log.push('open'),
    onClose: () => log.push('close'),
  });
  return { breaker, log };
}

describe('CircuitBreaker', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('opens at the first failure and says so once', () => {
    const { breaker, log } = makeBreaker([]);
    breaker.failed(new Error('away'));
    breaker.failed(new Error('away'));
    expect(breaker.open).toBe(true);
    expect(log).toEqual(['open']);
  });

  it('lets calls through after a good probe, and closes when one succeeds', async () => {
    const { breaker, log } = makeBreaker(['fails', 'works']);
    breaker.failed(new Error('away'));
    await jest.advanceTimersByTimeAsync(100);
    expect(breaker.open).toBe(true);
    await jest.advanceTimersByTimeAsync(200);
    expect(breaker.open).toBe(false);
    breaker.succeeded();
    expect(log).toEqual(['open', 'probe fails', 'probe works', 'close']);
  });

  it('opens again with a longer wait, without a second announcement, when the probe was good and the calls fail', async () => {
    const { breaker, log } = makeBreaker(['works', 'works']);
    breaker.failed(new Error('away'));
    await jest.advanceTimersByTimeAsync(100);
    breaker.failed(new Error('not enough replicas'));
    expect(breaker.open).toBe(true);
    await jest.advanceTimersByTimeAsync(99);
    expect(breaker.open).toBe(true);
    await jest.advanceTimersByTimeAsync(101);
    expect(breaker.open).toBe(false);
    expect(log).toEqual(['open', 'probe works', 'probe works']);
  });

  it('does not probe after it was stopped', async () => {
    const { breaker, log } = makeBreaker([]);
    breaker.failed(new Error('away'));
    breaker.stop();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(log).toEqual(['open']);
  });
});
