import { DurationHistogram } from './duration-histogram';

describe('DurationHistogram', () => {
  it('counts in every bucket what is up to its bound, the bound included', () => {
    const histogram = new DurationHistogram();
    for (const milliseconds of [0.5, 1, 1.1, 10_000, 11_000]) histogram.observe(milliseconds);
    const byBound = new Map(histogram.samples('x').map(({ labels, value }) => [String(labels['le']), value]));
    expect([byBound.get('0.001'), byBound.get('0.0025'), byBound.get('10'), byBound.get('+Inf')]).toEqual([2, 3, 4, 5]);
    expect(histogram.samples('x').slice(-2)).toEqual([
      { metricName: 'x_sum', labels: {}, value: expect.closeTo(21.0026) as number },
      { metricName: 'x_count', labels: {}, value: 5 },
    ]);
  });
});
