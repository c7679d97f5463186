import { detached } from '@app/events';
import { RecentTexts } from '../recent-texts';
import type { DayUser } from './user-days';
import type { OwnNames } from './own-names';
import type { ErasureView } from './erasure-view';
import { dayKeyOf } from './utc-day';

/** What a transaction has found or written; true as soon as it is committed. */
export interface Learned {
  readonly pairs: readonly DayUser[];
  readonly names: readonly OwnNames[];
}

/** Users by day. Some 100 bytes each (800 with ids of 200 characters): 20 MB when full. */
const MAX_PAIRS = 200_000;

/** Names by day, of 50 full days. */
const MAX_NAMES = 50_000;

/**
 * What one process knows to be in the tables, so that it need not ask: in the steady state nobody is new. It may forget
 * anything at any time. Whatever it holds has to be committed: filled from a transaction that is rolled back, it would
 * leave a user or a name out for good.
 */
export class RollupMemory {
  private readonly pairs = new RecentTexts(MAX_PAIRS);
  private names = new Map<number, { own: Set<string>; full: boolean }>();
  private nameCount = 0;
  /** Of the erasures when the names were learnt. */
  private version = 0;

  knowsPair(dayKey: number, userId: string): boolean {
    return this.pairs.has(dayKey, userId);
  }

  /** @returns undefined when that has to be looked up. */
  hasOwnRow(dayKey: number, name: string): boolean | undefined {
    const ofDay = this.names.get(dayKey);
    if (ofDay?.own.has(name) === true) return true;
    return ofDay?.full === true ? false : undefined;
  }

  /**
   * Whether names may be asked for, and remembered, by a transaction with this view. None are while an erasure goes on,
   * since it removes rows of names; those from before it are forgotten.
   */
  hasNamesOf({ version, open }: ErasureView): boolean {
    if (version > this.version) {
      this.forgetNames();
      this.version = version;
    }
    return !open && version === this.version;
  }

  /** @param learned by a transaction that is committed. */
  remember({ pairs, names }: Learned): void {
    for (const { projectId, day, userId } of pairs) this.pairs.add(dayKeyOf(projectId, day), userId);
    for (const ofDay of names) this.rememberNames(ofDay);
  }

  /** When another server answers, which may never have seen the last commits. */
  forget(): void {
    this.pairs.clear();
    this.forgetNames();
    this.version = 0;
  }

  private forgetNames(): void {
    this.names.clear();
    this.nameCount = 0;
  }

  private rememberNames({ projectId, day, own, full }: OwnNames): void {
    const key = dayKeyOf(projectId, day);
    const known = this.names.get(key);
    const all = new Set(known?.own);
    for (const name of own) if (!all.has(name)) all.add(detached(name));
    this.nameCount += all.size - (known?.own.size ?? 0);
    this.names.delete(key); // The map is in the order of learning: what was learnt last is forgotten last.
    this.names.set(key, { own: all, full: full || known?.full === true });
    for (const [oldest, { own }] of this.names) {
      if (this.nameCount <= MAX_NAMES) break;
      this.names.delete(oldest);
      this.nameCount -= own.size;
    }
  }
}
