import { PipelineError } from '@app/events';
import type { Queryable, Transaction } from '../database';
import type { Removed } from './erasures';

/** Whose data is removed, and what of it. */
export interface ErasedUser {
  readonly erasureId: string;
  readonly projectId: number;
  readonly userId: string;
  /** What was received at this instant or later stays. */
  readonly before: Date;
}

/**
 * Runs `work` in a transaction of the erasure, which counts what it says was removed: both or neither. Only one at a time
 * runs in all processes.
 *
 * @param on where; a session that has the lock of the archive already must give itself.
 * @returns undefined, without having run it, when another process works, or the erasure is over.
 */
export type EraserTransaction = <T extends { readonly removed: Partial<Removed> }>(
  work: (tx: Transaction) => Promise<T>,
  on?: { transaction<R>(work: (tx: Transaction) => Promise<R>): Promise<R> },
) => Promise<T | undefined>;

export interface ErasureWork {
  /** May run `work` more than once: see `daysLeft` of a place. */
  readonly transaction: EraserTransaction;
  /** Of days since 1970, UTC: those of which some place has events of the user, whatever received when. */
  readonly daysLeft: (tx: Queryable, days: readonly number[]) => Promise<ReadonlySet<number>>;
}

/** The answer takes reading for which no transaction should wait. `read` does it, and remembers what it has read. */
export class NotReadYetError extends PipelineError {
  readonly code = 'NOT_READ_YET';
  readonly retriable = true;

  constructor(readonly read: () => Promise<void>) {
    super('Something must be read before.');
  }
}

/** What a place has of a user: `locked` when another process works; an instant before which nothing can be done. */
export type Left = 'nothing' | 'something' | 'locked' | { readonly resumeAt: Date };

/** A place that holds what users have sent. An erasure is done when every place has said that nothing is left. */
export abstract class UserPlace {
  /**
   * Removes a part that is small enough for one transaction. Called again until nothing is left, by any process, and again
   * after one was killed anywhere in it. When it is called, whoever stores refuses what was received before.
   */
  abstract erase(user: ErasedUser, work: ErasureWork): Promise<Left>;

  /**
   * See ErasureWork; in a transaction of the erasure, which sees its own changes.
   *
   * @throws {NotReadYetError} the transaction is rolled back, and run again when that is read.
   */
  abstract daysLeft(tx: Queryable, user: ErasedUser, days: readonly number[]): Promise<ReadonlySet<number>>;
}
