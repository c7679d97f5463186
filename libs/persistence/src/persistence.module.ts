import type { PostgresConfig } from '@app/config';
import { Global, Module, type DynamicModule, type OnApplicationShutdown, type Type } from '@nestjs/common';
import { ApiKeys } from './api-keys';
import { ArchiveState } from './archive-state';
import { ConsumerPositions } from './consumer-positions';
import { Database } from './database';
import { DeadLetterChanges } from './dead-letter-changes';
import { DeadLetters } from './dead-letters';
import { Erasures } from './erasure/erasures';
import { EventPartitions } from './event-partitions';
import { EventReader } from './event-reader';
import { EventStore } from './event-store';
import { EventTraces } from './event-traces';
import { Projects } from './projects';
import { HotMinutes } from './rollups/hot-minutes';
import { Tickets } from './tickets';
import { WaitedOutcomes } from './waited-outcomes';

const stores: readonly Type[] = [
  ApiKeys,
  ArchiveState,
  ConsumerPositions,
  DeadLetterChanges,
  DeadLetters,
  Erasures,
  EventPartitions,
  EventReader,
  EventStore,
  EventTraces,
  HotMinutes,
  Projects,
  Tickets,
  WaitedOutcomes,
];

/** The stores, on one pool. The app starts without PostgreSQL too; the pool closes last, after the servers. */
@Global()
@Module({})
export class PersistenceModule implements OnApplicationShutdown {
  constructor(private readonly database: Database) {}

  static with(config: PostgresConfig): DynamicModule {
    const onDatabase = stores.map((store) => ({
      provide: store,
      useFactory: (database: Database): unknown => new store(database),
      inject: [Database],
    }));
    return {
      module: PersistenceModule,
      providers: [{ provide: Database, useFactory: () => new Database(config) }, ...onDatabase],
      exports: [Database, ...stores],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}
