import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freshDatabase, type FreshDatabase } from '@app/testing';
import { Archiver } from '../src/archiver';
import { Engine } from '../src/duckdb/engine';
import { LocalSegmentStorage } from '../src/local/local-segment-storage';

/** A database and a folder of which nobody else knows, and what moves events from the one into the other. */
export interface FreshColdTier {
  readonly db: FreshDatabase;
  /** Of the files, and of nothing else. */
  readonly folder: string;
  readonly storage: LocalSegmentStorage;
  readonly engine: Engine;
  readonly archiver: Archiver;
  /** Removes the database and the folder. */
  drop(): Promise<void>;
}

export async function freshColdTier(): Promise<FreshColdTier> {
  const db = await freshDatabase();
  const parent = mkdtempSync(join(tmpdir(), 'millrace-cold-'));
  const folder = join(parent, 'cold');
  mkdirSync(folder);
  const engine = new Engine({ memoryMb: 200, threads: 1, tempFolder: parent });
  const storage = new LocalSegmentStorage(folder);
  const archiver = new Archiver(db.config, storage, engine);
  const drop = async (): Promise<void> => {
    await engine.close();
    rmSync(parent, { recursive: true, force: true });
    await db.drop();
  };
  return { db, folder, storage, engine, archiver, drop };
}
