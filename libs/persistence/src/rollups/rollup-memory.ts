import { detached } from '@app/events';
import type { DayUser } from './user-days';
import type { OwnNames } from './own-names';
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

  knowsPair(dayKey: number, userId: string): boolean {
    return this.pairs.has(dayKey, userId);
  }

  /** @returns undefined when that has to be looked up. */
  hasOwnRow(dayKey: number, name: string): boolean | undefined {
    const ofDay = this.names.get(dayKey);
    if (ofDay?.own.has(name) === true) return true;
    return ofDay?.full === true ? false : undefined;
  }

  /** @param learned by a transaction that is committed. */
  remember({ pairs, names }: Learned): void {
    for (const { projectId, day, userId } of pairs) this.pairs.add(dayKeyOf(projectId, day), userId);
    for (const ofDay of names) this.rememberNames(ofDay);
  }

  /** When another server answers, which may never have seen the last commits. */
  forget(): void {
    this.pairs.clear();
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

/** Two generations: when the young one is half of all, the old one, with what was not asked for meanwhile, is dropped. */
class RecentTexts {
  private young = new Map<number, Set<string>>();
  private old = new Map<number, Set<string>>();
  private youngSize = 0;

  constructor(private readonly limit: number) {}

  has(key: number, text: string): boolean {
    if (this.young.get(key)?.has(text) === true) return true;
    if (this.old.get(key)?.has(text) !== true) return false;
    this.add(key, text);
    return true;
  }

  add(key: number, text: string): void {
    let texts = this.young.get(key);
    if (texts === undefined) this.young.set(key, (texts = new Set()));
    if (texts.has(text)) return;
    texts.add(detached(text));
    this.youngSize += 1;
    if (this.youngSize < this.limit / 2) return;
    this.old = this.young;
    this.young = new Map();
    this.youngSize = 0;
  }

  clear(): void {
    this.young = new Map();
    this.old = new Map();
    this.youngSize = 0;
  }
}
