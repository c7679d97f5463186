import type { ArchiveConfig, ColdConfig, PostgresConfig } from '@app/config';
import { DeadLetterPlace, Eraser, ExpiredDays, HotEvents, type ColdEvents, type Database } from '@app/persistence';
import { Archiver } from './archiver';
import { ColdReads } from './cold-reads';
import { ColdUserEvents } from './cold-user.place';
import { Engine } from './duckdb/engine';
import { LocalSegmentStorage } from './local/local-segment-storage';
import { S3SegmentStorage } from './s3/s3-segment-storage';
import type { SegmentStorage } from './segment-storage.port';

/** For two pages at a time of the largest events. What does not fit fails: readers may have no disk to write to. */
const READING_MB = 256;

/** The largest group of rows of a segment, several times. */
const MOVING_MB = 200;

/** The old events of one process: where the files are, and DuckDB, which is loaded with the first that is read or written. */
export class ColdTier {
  private constructor(
    readonly storage: SegmentStorage,
    readonly engine: Engine,
  ) {}

  static forReading(config: ColdConfig): ColdTier {
    return new ColdTier(storageOf(config), new Engine({ memoryMb: READING_MB, threads: 1, tempFolder: '' }));
  }

  static forMoving(config: ColdConfig): ColdTier {
    return new ColdTier(storageOf(config), new Engine({ memoryMb: MOVING_MB, threads: 1, tempFolder: config.dir }));
  }

  reads(): ColdEvents {
    return new ColdReads(this.storage, this.engine);
  }

  archiver(postgres: PostgresConfig): Archiver {
    return new Archiver(postgres, this.storage, this.engine);
  }

  /** Of everything that users have sent, wherever it is. */
  eraser(database: Database, skewMs?: number): Eraser {
    const { storage, engine } = this;
    const files = new ColdUserEvents({ config: database.config, storage, engine });
    return new Eraser(database, skewMs, [new DeadLetterPlace(), new HotEvents(), files, new ExpiredDays()]);
  }

  /** May be called twice; nothing may be running. */
  async close(): Promise<void> {
    await this.engine.close();
    await this.storage.close();
  }
}

const DAY_MS = 86_400_000;

/** Events that occurred before it are moved. */
export function boundaryOf({ afterDays }: Pick<ArchiveConfig, 'afterDays'>, now: Date): Date {
  return new Date((Math.floor(now.getTime() / DAY_MS) - afterDays) * DAY_MS);
}

function storageOf(config: ColdConfig): SegmentStorage {
  if (config.kind === 'local') return new LocalSegmentStorage(config.dir);
  const { dir: folder, ...place } = config;
  const storage = new S3SegmentStorage({ folder, ...place });
  storage.start();
  return storage;
}
