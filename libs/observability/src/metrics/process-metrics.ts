import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { processMetrics } from './metric-catalog';
import { MetricSet } from './metric-set';

/**
 * What every process shows of itself. prom-client has a larger set of its own, with a timer that fires every 10 ms and an
 * observer of every garbage collection; these cost nothing between scrapes.
 */
export function describeProcess(app: string): MetricSet {
  const labels = { app, version: packageVersion(), node: process.version };
  const startedAt = (Date.now() - process.uptime() * 1000) / 1000;
  return new MetricSet()
    .add(processMetrics.build, () => [{ value: 1, labels }])
    .add(processMetrics.started, () => startedAt)
    .add(processMetrics.cpu, () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    })
    .add(processMetrics.rss, () => process.memoryUsage.rss())
    .add(processMetrics.heap, () => process.memoryUsage().heapUsed)
    .add(processMetrics.external, () => process.memoryUsage().external)
    .add(processMetrics.loopActive, () => performance.eventLoopUtilization().active / 1000);
}

/** Of the nearest package.json above: sources and the compiled program lie at different depths. */
function packageVersion(): string {
  for (let folder = __dirname, up = 0; up < 8; folder = join(folder, '..'), up += 1) {
    try {
      const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        readonly version?: string;
      };
      if (version !== undefined) return version;
    } catch {
      // not in this folder
    }
  }
  return 'unknown';
}
