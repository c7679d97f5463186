import { Global, Module, type DynamicModule } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { ScrapeKey } from './scrape-key';
import { Vitals } from './vitals';
import { VitalsController } from './vitals.controller';

/** `/healthz`, `/health` and `/metrics`, and `Vitals` for whoever has something to put in. */
@Global()
@Module({})
export class VitalsModule {
  /** @param metricsKey Bearer token of a scrape; without one anybody may. */
  static with(vitals: Vitals, metricsKey: string | undefined): DynamicModule {
    return {
      module: VitalsModule,
      // Its own lines would be errors, one a check, for as long as an outage lasts.
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [VitalsController],
      providers: [
        { provide: Vitals, useValue: vitals },
        { provide: ScrapeKey, useValue: new ScrapeKey(metricsKey) },
      ],
      exports: [Vitals],
    };
  }
}
