import { Injectable } from '@nestjs/common';
import { HealthImplementation } from 'grpc-health-check';
import { ApiDependencies } from '../../health/api-dependencies';
import { Readiness } from '../../health/readiness';

const ASK_EVERY_MS = 1000;
const SERVICE = 'millrace.events.v1.EventIngest';

/**
 * `grpc.health.v1`: the process as a whole (the empty name) follows `/readyz`. The service takes events while PostgreSQL
 * is away, and says so: it serves from the moment the schema was found current until the process stops.
 */
@Injectable()
export class GrpcHealth {
  readonly implementation = new HealthImplementation({ '': 'NOT_SERVING', [SERVICE]: 'NOT_SERVING' });
  private readonly told = new Map<string, boolean>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly readiness: Readiness,
    private readonly dependencies: ApiDependencies,
  ) {}

  start(): void {
    void this.ask();
    this.timer = setInterval(() => void this.ask(), ASK_EVERY_MS).unref();
  }

  /** Tells all who watch that it stops. */
  stop(): void {
    clearInterval(this.timer);
    this.tell('', false);
    this.tell(SERVICE, false);
  }

  private async ask(): Promise<void> {
    this.tell(SERVICE, this.readiness.ready);
    const up = await this.dependencies.database.isUp();
    this.tell('', this.readiness.ready && up);
  }

  private tell(service: string, serves: boolean): void {
    if (this.told.get(service) === serves) return;
    this.told.set(service, serves);
    this.implementation.setStatus(service, serves ? 'SERVING' : 'NOT_SERVING');
  }
}
