import { Injectable, type OnModuleInit } from '@nestjs/common';
import { status } from '@grpc/grpc-js';
import { apiMetrics, DurationHistogram, MetricSet, Vitals, type Sample } from '@app/observability';

interface Series {
  readonly labels: Readonly<Record<'method' | 'code', string>>;
  readonly durations: DurationHistogram;
}

/** Counts gRPC calls and their durations. Methods are the three of the service, codes the seventeen of gRPC. */
@Injectable()
export class GrpcMeter implements OnModuleInit {
  openCalls = 0;
  private readonly byMethod = new Map<string, Map<status, Series>>();

  constructor(private readonly vitals: Vitals) {}

  onModuleInit(): void {
    const { grpcRequests, grpcRequestDuration, grpcOpenCalls } = apiMetrics;
    this.vitals.addMetrics(
      new MetricSet()
        .add(grpcRequests, () => this.series().map(({ labels, durations }) => ({ labels, value: durations.count })))
        .add(grpcRequestDuration, () => this.durationSamples(grpcRequestDuration.name))
        .add(grpcOpenCalls, () => this.openCalls),
    );
  }

  count(method: string, code: status, durationMs: number): void {
    let byCode = this.byMethod.get(method);
    if (byCode === undefined) this.byMethod.set(method, (byCode = new Map<status, Series>()));
    let series = byCode.get(code);
    if (series === undefined) {
      byCode.set(code, (series = { labels: { method, code: status[code] }, durations: new DurationHistogram() }));
    }
    series.durations.observe(durationMs);
  }

  private series(): Series[] {
    return [...this.byMethod.values()].flatMap((byCode) => [...byCode.values()]);
  }

  private durationSamples(name: string): Sample[] {
    return this.series().flatMap(({ labels, durations }) => durations.samples(name, labels));
  }
}
