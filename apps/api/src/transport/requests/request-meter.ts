import { Injectable, type OnModuleInit } from '@nestjs/common';
import { apiMetrics, DurationHistogram, MetricSet, Vitals, type Sample } from '@app/observability';
import { UNMATCHED, type AnsweredRequest } from './answered-request';

/** What a client may call its method is its own affair: anything else is `other`. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']);

type Labels = Readonly<Record<'method' | 'route' | 'status', string>>;

interface Series {
  readonly labels: Labels;
  readonly durations: DurationHistogram;
}

type ByStatus = Map<number | undefined, Series>;

/** Counts requests and their durations: three look-ups and a few additions each. With AccessLog's sampling 0.2 µs a request. */
@Injectable()
export class RequestMeter implements OnModuleInit {
  private readonly byMethod = new Map<string, Map<string, ByStatus>>();

  constructor(private readonly vitals: Vitals) {}

  onModuleInit(): void {
    const { requests, requestDuration } = apiMetrics;
    this.vitals.addMetrics(
      new MetricSet()
        .add(requests, () => this.series().map(({ labels, durations }) => ({ labels, value: durations.count })))
        .add(requestDuration, () => this.durationSamples(requestDuration.name)),
    );
  }

  count({ request, route = UNMATCHED, status, durationMs }: AnsweredRequest): void {
    const method = METHODS.has(request.method ?? '') ? (request.method as string) : 'other';
    const byStatus = this.statusesOf(method, route);
    let series = byStatus.get(status);
    if (series === undefined) {
      const labels = { method, route, status: status === undefined ? 'aborted' : String(status) };
      byStatus.set(status, (series = { labels, durations: new DurationHistogram() }));
    }
    series.durations.observe(durationMs);
  }

  private statusesOf(method: string, route: string): ByStatus {
    let byRoute = this.byMethod.get(method);
    if (byRoute === undefined) this.byMethod.set(method, (byRoute = new Map<string, ByStatus>()));
    let byStatus = byRoute.get(route);
    if (byStatus === undefined) byRoute.set(route, (byStatus = new Map<number | undefined, Series>()));
    return byStatus;
  }

  private series(): Series[] {
    const byRoutes = [...this.byMethod.values()].flatMap((byRoute) => [...byRoute.values()]);
    return byRoutes.flatMap((byStatus) => [...byStatus.values()]);
  }

  private durationSamples(name: string): Sample[] {
    return this.series().flatMap(({ labels, durations }) => durations.samples(name, labels));
  }
}
