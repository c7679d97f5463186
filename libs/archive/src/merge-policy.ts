import type { SegmentRecord } from '@app/persistence';
import { timesOf } from './segment-times';

/** Files of about one size that become one. More of them: fewer rewritings of each row, and more files to read. */
const FAN_IN = 8;

export interface MergeBounds {
  readonly maxRows: number;
  /** Of files. */
  readonly maxBytes: number;
}

/**
 * Pure. Which segments should become one: neighbours among those of a size of which there are eight, small sizes first. A
 * merge brings its rows to eight times the size at least, or beyond half of what a file may have, where they stay. So each row is
 * written anew seven times at most until it is in a file of a million, and of no size there are ever more than seven files.
 */
export function chooseMerge(segments: readonly SegmentRecord[], { maxRows, maxBytes }: MergeBounds): SegmentRecord[] {
  const tiers = new Map<number, SegmentRecord[]>();
  for (const segment of segments) {
    if (segment.rows > maxRows / 2 || segment.bytes > maxBytes / 2) continue;
    const tier = Math.floor(Math.log(segment.rows) / Math.log(FAN_IN));
    tiers.set(tier, [...(tiers.get(tier) ?? []), segment]);
  }
  const [full] = [...tiers].sort(([a], [b]) => a - b).filter(([, of]) => of.length >= FAN_IN);
  return full === undefined ? [] : fitting(nearest(full[1]), { maxRows, maxBytes });
}

/** Those that are nearest to each other in time. */
function nearest(segments: readonly SegmentRecord[]): SegmentRecord[] {
  const byTime = [...segments].sort((a, b) => timesOf(a).min - timesOf(b).min);
  const runs = byTime.slice(FAN_IN - 1).map((_, index) => byTime.slice(index, index + FAN_IN));
  const span = (run: readonly SegmentRecord[]): number => {
    const times = run.map(timesOf);
    return Math.max(...times.map(({ max }) => max)) - Math.min(...times.map(({ min }) => min));
  };
  const [best = []] = runs.sort((a, b) => span(a) - span(b));
  return best;
}

/** As many as one file may have; two at least, since each has at most half of it. */
function fitting(segments: readonly SegmentRecord[], { maxRows, maxBytes }: MergeBounds): SegmentRecord[] {
  let [rows, bytes] = [0, 0];
  return segments.filter((segment) => {
    if (rows + segment.rows > maxRows || bytes + segment.bytes > maxBytes) return false;
    rows += segment.rows;
    bytes += segment.bytes;
    return true;
  });
}
