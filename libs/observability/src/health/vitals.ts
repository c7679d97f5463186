import { AggregatorRegistry, type Registry } from 'prom-client';
import type { MetricSet } from '../metrics/metric-set';
import { describeProcess } from '../metrics/process-metrics';
import type { Dependency } from './dependency';

/** What a part of a process says of its own work. */
export interface Progress {
  /** False: only a new start can help. */
  readonly alive: boolean;
  /** For people. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/**
 * What one process has to tell of itself. Its parts put in what they know, its HTTP server shows all of it: that is one
 * part in an API or a consumer, and four in standalone.
 */
export class Vitals {
  private readonly sets: { readonly registry: Registry }[] = [];
  private readonly dependencyByName = new Map<string, Dependency>();
  private readonly partByName = new Map<string, () => Progress>();

  constructor(app: string) {
    this.addMetrics(describeProcess(app));
  }

  addMetrics(set: MetricSet): void {
    this.sets.push(set);
  }

  /** Parts of one process depend on the same things: of one name, the first is asked. */
  addDependency(dependency: Dependency): void {
    if (!this.dependencyByName.has(dependency.name)) this.dependencyByName.set(dependency.name, dependency);
  }

  /** @param name of a part that works by itself, like a consumer; a second one of that name gets a number. */
  addPart(name: string, progress: () => Progress): void {
    let free = name;
    for (let number = 2; this.partByName.has(free); number += 1) free = `${name}_${number}`;
    this.partByName.set(free, progress);
  }

  get dependencies(): readonly Dependency[] {
    return [...this.dependencyByName.values()];
  }

  get parts(): readonly (readonly [name: string, progress: Progress])[] {
    return [...this.partByName].map(([name, progress]) => [name, progress()] as const);
  }

  /** Everything in Prometheus' text format. */
  async metrics(): Promise<string> {
    const all = await Promise.all(this.sets.map(({ registry }) => registry.getMetricsAsJSON()));
    return AggregatorRegistry.aggregate(all).metrics();
  }
}
