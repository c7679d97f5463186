import { DurationHistogram } from '../metrics/duration-histogram';
import { consumerMetrics, processMetrics } from '../metrics/metric-catalog';
import { MetricSet } from '../metrics/metric-set';
import { Dependency } from './dependency';
import { Vitals } from './vitals';

function part(persisted: number, partition: number, up: number): MetricSet {
  const durations = new DurationHistogram();
  durations.observe(30);
  return new MetricSet()
    .add(consumerMetrics.persisted, () => persisted)
    .add(consumerMetrics.lag, () => [{ labels: { partition }, value: 7 }])
    .add(consumerMetrics.batchPersist, () => durations.samples(consumerMetrics.batchPersist.name))
    .add(consumerMetrics.unaccounted, () => Promise.resolve(2))
    .add(processMetrics.databaseUp, () => Promise.resolve(up))
    .add(consumerMetrics.oldestUnread, () => undefined);
}

describe('the metrics of a process of several parts', () => {
  let lines: string[];

  beforeEach(async () => {
    const vitals = new Vitals('test');
    vitals.addMetrics(part(10, 0, 1));
    vitals.addMetrics(part(20, 1, 0));
    lines = (await vitals.metrics()).split('\n');
  });

  it('are sums where each part has its own, and one value where all look at the same', () => {
    expect(lines).toContain('events_persisted_total 30');
    expect(lines).toContain('unaccounted_events 2');
    expect(lines).toContain('database_up 0');
  });

  it('keep apart what their labels keep apart', () => {
    expect(lines).toContain('consumer_lag_messages{partition="0"} 7');
    expect(lines).toContain('consumer_lag_messages{partition="1"} 7');
  });

  it('add up the buckets of durations', () => {
    expect(lines).toContain('batch_persist_seconds_bucket{le="0.025"} 0');
    expect(lines).toContain('batch_persist_seconds_bucket{le="0.05"} 2');
    expect(lines).toContain('batch_persist_seconds_bucket{le="+Inf"} 2');
    expect(lines).toContain('batch_persist_seconds_count 2');
  });

  it('say once what is of the process, and each name once', () => {
    expect(lines.filter((line) => line.startsWith('process_resident_memory_bytes '))).toHaveLength(1);
    const types = lines.filter((line) => line.startsWith('# TYPE '));
    expect(new Set(types).size).toBe(types.length);
  });

  it('leave out what has no value yet', () => {
    expect(lines.filter((line) => line.startsWith('consumer_oldest_unread_age_seconds'))).toEqual([]);
  });
});

describe('Vitals', () => {
  it('knows a dependency once, and every part by a name of its own', () => {
    const vitals = new Vitals('test');
    const up = (): Promise<void> => Promise.resolve();
    vitals.addDependency(new Dependency('postgresql', up));
    vitals.addDependency(new Dependency('postgresql', up));
    for (let n = 0; n < 3; n += 1) vitals.addPart('consumer', () => ({ alive: n !== 1, detail: {} }));
    expect(vitals.dependencies.map(({ name }) => name)).toEqual(['postgresql']);
    expect(vitals.parts.map(([name, { alive }]) => [name, alive])).toEqual([
      ['consumer', true],
      ['consumer_2', false],
      ['consumer_3', true],
    ]);
  });
});
