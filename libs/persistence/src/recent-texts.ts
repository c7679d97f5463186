import { detached } from '@app/events';

/**
 * Texts by key, so many at most. Two generations: when the young one is half of all, the old one, with what was not asked
 * for meanwhile, is dropped.
 */
export class RecentTexts {
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
