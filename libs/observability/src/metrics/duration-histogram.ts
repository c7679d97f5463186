import type { Sample } from './metric-set';

/** Upper bounds in seconds, for what takes from a millisecond to the longest time-out. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** Durations, counted in buckets. */
export class DurationHistogram {
  private readonly buckets = new Array<number>(BOUNDS.length + 1).fill(0);
  private seconds = 0;
  private observed = 0;

  get count(): number {
    return this.observed;
  }

  observe(milliseconds: number): void {
    const seconds = milliseconds / 1000;
    let bucket = 0;
    while (bucket < BOUNDS.length && seconds > (BOUNDS[bucket] ?? Infinity)) bucket += 1;
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1;
    this.seconds += seconds;
    this.observed += 1;
  }

  /** As Prometheus wants them: each bucket counts what is below it, too. */
  samples(name: string, labels: Sample['labels'] = {}): Sample[] {
    let below = 0;
    const buckets = [...BOUNDS, '+Inf'].map((le, index) => {
      below += this.buckets[index] ?? 0;
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.seconds },
      { metricName: `${name}_count`, labels, value: this.observed },
    ];
  }
}
