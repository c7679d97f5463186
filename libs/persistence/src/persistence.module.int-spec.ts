import { NestFactory } from '@nestjs/core';
import { freshDatabase } from '@app/testing';
import { ApiKeys } from './api-keys';
import { ConsumerPositions } from './consumer-positions';
import { Database } from './database';
import { DeadLetters } from './dead-letters';
import { EventPartitions } from './event-partitions';
import { EventReader } from './event-reader';
import { EventStore } from './event-store';
import { PersistenceModule } from './persistence.module';
import { StoreUnavailableError } from './store-error';

it('starts while PostgreSQL is away', async () => {
  const config = { url: 'postgresql://nobody@127.0.0.1:1/nothing', poolSize: 2, queryTimeoutMs: 1000 };
  const app = await NestFactory.createApplicationContext(PersistenceModule.with(config), { logger: false });
  await expect(app.get(EventReader).newest(1, { limit: 1, maxBytes: 1 << 20 })).rejects.toBeInstanceOf(
    StoreUnavailableError,
  );
  await app.close();
});

it('gives all stores on one pool, and leaves no connection when it closes', async () => {
  const db = await freshDatabase();
  const app = await NestFactory.createApplicationContext(PersistenceModule.with(db.config), { logger: false });
  for (const store of [ApiKeys, ConsumerPositions, DeadLetters, EventPartitions, EventReader, EventStore]) {
    expect(app.get(store)).toBeInstanceOf(store);
  }
  expect(await app.get(DeadLetters).count()).toBe(0);
  await app.close();
  await expect(app.get(Database).ping()).rejects.toBeInstanceOf(StoreUnavailableError);
  await db.drop();
});
