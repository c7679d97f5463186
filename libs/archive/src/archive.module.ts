import type { ColdConfig } from '@app/config';
import { ColdEvents } from '@app/persistence';
import { Global, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { ColdTier } from './cold-tier';

/** The old events, to read or to move. What runs must have ended when the app shuts down. */
@Global()
@Module({})
export class ArchiveModule implements OnApplicationShutdown {
  constructor(private readonly tier: ColdTier) {}

  static forReading(config: ColdConfig): DynamicModule {
    return ArchiveModule.with(ColdTier.forReading(config));
  }

  static forMoving(config: ColdConfig): DynamicModule {
    return ArchiveModule.with(ColdTier.forMoving(config));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.tier.close();
  }

  private static with(tier: ColdTier): DynamicModule {
    return {
      module: ArchiveModule,
      providers: [
        { provide: ColdTier, useValue: tier },
        { provide: ColdEvents, useFactory: () => tier.reads() },
      ],
      exports: [ColdTier, ColdEvents],
    };
  }
}
