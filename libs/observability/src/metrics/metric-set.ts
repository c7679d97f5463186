import { Registry, type Metric } from 'prom-client';
import type { MetricFacts } from './metric-catalog';

/** One value of a metric at the time of a scrape. */
export interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Of a histogram: the name with its ending. */
  readonly metricName?: string;
}

type Reading = number | readonly Sample[] | undefined;

/**
 * The metrics of one part of a process. Nothing is counted here: whoever counts keeps plain numbers, which are read when
 * somebody scrapes, so that a request pays for an addition and not for prom-client's look-up by labels.
 */
export class MetricSet {
  readonly registry = new Registry();

  /** @param read undefined when there is no value to show yet. */
  add(facts: MetricFacts, read: () => Reading | Promise<Reading>): this {
    const { name, help, type, merge: aggregator } = facts;
    const get = async (): Promise<object> => {
      const values = toSamples(await read());
      return { name, help, type, aggregator, values };
    };
    // prom-client reads a metric by these members only; its own classes count by themselves and cannot be handed a value.
    this.registry.registerMetric({ name, help, type, aggregator, get } as unknown as Metric);
    return this;
  }
}

function toSamples(reading: Reading): readonly Sample[] {
  if (reading === undefined) return [];
  return typeof reading === 'number' ? [{ value: reading, labels: {} }] : reading;
}
