import { LatencyHistogram } from './latency-histogram';

describe('LatencyHistogram', () => {
  it('tells quantiles within 2 %', () => {
    const histogram = new LatencyHistogram();
    for (let ms = 1; ms <= 1000; ms += 1) histogram.add(ms);
    for (const [share, ms] of [
      [0.5, 500],
      [0.99, 990],
      [1, 1000],
    ] as const) {
      expect(histogram.quantileMs(share)).toBeGreaterThanOrEqual(ms);
      expect(histogram.quantileMs(share)).toBeLessThan(ms * 1.021);
    }
  });

  it('is 0 without any, and holds what is very fast or very slow', () => {
    const histogram = new LatencyHistogram();
    expect(histogram.quantileMs(0.99)).toBe(0);
    histogram.add(0);
    histogram.add(1e9);
    expect(histogram.quantileMs(0.5)).toBeLessThan(0.011);
    expect(histogram.quantileMs(1)).toBeGreaterThan(1_000_000);
  });
});
