import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Header, HttpException, Req, Res, UnauthorizedException } from '@nestjs/common';
import {
  HealthCheckService,
  HealthIndicatorService,
  type HealthCheckResult,
  type HealthIndicatorFunction,
  type HealthIndicatorResult,
} from '@nestjs/terminus';
import type { Dependency } from './dependency';
import { ScrapeKey } from './scrape-key';
import { Vitals, type Progress } from './vitals';

const UNAVAILABLE = 503;

/** What an orchestrator, a person and Prometheus ask any process. `/readyz` is each app's own. */
@Controller()
export class VitalsController {
  constructor(
    private readonly vitals: Vitals,
    private readonly checks: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly scrapeKey: ScrapeKey,
  ) {}

  /**
   * The process answers, and what works by itself in it makes progress. Nothing outside is asked: an outage of Kafka must
   * not restart every replica.
   */
  @Get('healthz')
  live(@Res({ passthrough: true }) response: ServerResponse): object {
    const stuck = this.vitals.parts.filter(([, { alive }]) => !alive).map(([name]) => name);
    if (stuck.length === 0) return { status: 'ok' };
    response.statusCode = UNAVAILABLE;
    return { status: 'stuck', parts: stuck };
  }

  /**
   * 503 when anything that the work needs is away or stuck; the body names it. For people and monitors: a load balancer
   * that went by it would drop all replicas in an outage that they share.
   */
  @Get('health')
  async health(@Res({ passthrough: true }) response: ServerResponse): Promise<object> {
    const { dependencies, parts } = this.vitals;
    const result = await this.check([
      ...dependencies.map((dependency) => () => this.indicate(dependency)),
      ...parts.map(
        ([name, progress]) =>
          () =>
            this.indicatePart(name, progress),
      ),
    ]);
    if (result.status === 'error') response.statusCode = UNAVAILABLE;
    return result;
  }

  @Get('metrics')
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  async metrics(@Req() request: IncomingMessage): Promise<string> {
    if (!this.scrapeKey.permits(request)) throw new UnauthorizedException('The metrics need their key.');
    return this.vitals.metrics();
  }

  /** Terminus throws what it has found; the answer is its body all the same, whatever filters the app has. */
  private async check(indicators: HealthIndicatorFunction[]): Promise<HealthCheckResult> {
    try {
      return await this.checks.check(indicators);
    } catch (error) {
      if (!(error instanceof HttpException)) throw error;
      return error.getResponse() as HealthCheckResult;
    }
  }

  // Without the driver's message: it may name hosts and users, and everybody may ask.
  private async indicate(dependency: Dependency): Promise<HealthIndicatorResult> {
    const session = this.indicators.check(dependency.name);
    return (await dependency.isUp()) ? session.up() : session.down('It does not answer.');
  }

  private indicatePart(name: string, { alive, detail }: Progress): HealthIndicatorResult {
    const session = this.indicators.check(name);
    return alive ? session.up({ ...detail }) : session.down({ ...detail });
  }
}
