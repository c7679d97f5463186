import type { Transaction } from '../database';
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
 * @returns undefined, without having run it, when another process works, or the erasure is over.
 */
export type EraserTransaction = <T extends { readonly removed: Partial<Removed> }>(
  work: (tx: Transaction) => Promise<T>,
) => Promise<T | undefined>;

/** A place that holds what users have sent. An erasure is done when every place has said that nothing is left. */
export abstract class UserPlace {
  /**
   * Removes a part that is small enough for one transaction. Called again until nothing is left, by any process, and again
   * after one was killed anywhere in it.
   *
   * @returns true when nothing is left. When it is called, whoever stores refuses what was received before.
   */
  abstract erase(user: ErasedUser, transaction: EraserTransaction): Promise<boolean>;
}
