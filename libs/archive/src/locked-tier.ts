import { randomUUID } from 'node:crypto';
import type { PostgresConfig } from '@app/config';
import { ColdSegments, LongSession, removableSegments, strikeSuperseded } from '@app/persistence';
import type { Engine } from './duckdb/engine';
import type { SegmentStorage } from './segment-storage.port';

/** How long a reader may be in a file after it has read the manifest. */
export const READERS_GRACE_MS = 30_000;

/** The cold tier of a database. */
export interface ColdTier {
  readonly config: PostgresConfig;
  readonly storage: SegmentStorage;
  readonly engine: Engine;
  /** How long a file stays that was replaced. */
  readonly graceMs?: number;
}

/** Who is told what was done, so that tests can end a process there. */
export type OnStep<Step extends string> = (step: Step) => Promise<void> | void;

/** The cold tier while this process has its lock: nobody else changes it, and the lock ends with the session. */
export class LockedTier {
  readonly storage: SegmentStorage;
  readonly engine: Engine;
  readonly graceMs: number;

  private constructor(
    { storage, engine, graceMs = READERS_GRACE_MS }: ColdTier,
    readonly session: LongSession,
    readonly segments: ColdSegments,
    private readonly prefix: string,
  ) {
    this.storage = storage;
    this.engine = engine;
    this.graceMs = graceMs;
  }

  /** @returns undefined when another one has the lock. */
  static async lock(cold: ColdTier): Promise<LockedTier | undefined> {
    const session = await LongSession.open(cold.config);
    try {
      const segments = new ColdSegments(session);
      if (await segments.lock()) {
        return new LockedTier(cold, session, segments, `events-${await segments.storeId()}-`);
      }
    } catch (error) {
      await session.close();
      throw error;
    }
    await session.close();
    return undefined;
  }

  /** A name for a new file, without its ending. */
  newName(): string {
    return `${this.prefix}${randomUUID()}`;
  }

  /** Removes what earlier runs left that died, and the replaced files that nobody can be reading any more. */
  async sweep(onStep: OnStep<'removed'> = () => undefined): Promise<void> {
    const { session, segments, storage, graceMs } = this;
    const unfinished = await segments.unfinished();
    const wanted = new Set(await segments.files());
    for (const { file } of unfinished) wanted.delete(file);
    for (const file of await storage.list(this.prefix)) if (!wanted.has(file)) await storage.remove(file);
    // Last: a row that is struck out before its file is gone would leave a file of which nobody knows.
    for (const segment of unfinished) await segments.forget(segment);
    for (const segment of await removableSegments(session, graceMs)) {
      await storage.remove(segment.file);
      await onStep('removed');
      await strikeSuperseded(session, segment);
    }
  }

  /** The lock ends with it. May be called twice. */
  async close(): Promise<void> {
    await this.session.close();
  }
}
