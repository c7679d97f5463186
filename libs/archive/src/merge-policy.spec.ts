import type { SegmentRecord } from '@app/persistence';
import { chooseMerge } from './merge-policy';

const bounds = { maxRows: 1_000_000, maxBytes: 1e9 };
let nextId = 1;

function aSegment(rows: number, day: number, bytes = rows * 50): SegmentRecord {
  const id = String(nextId++);
  const at = new Date(Date.UTC(2026, 0, 1 + day)).toISOString().replace('T', ' ').replace('Z', '');
  return {
    ...{ id, file: id, rows, bytes, minProjectId: 1, maxProjectId: 1, amountSum: '0', idChecksum: Buffer.alloc(16) },
    ...{ minOccurredAt: at, maxOccurredAt: at },
  };
}

function merged(segments: readonly SegmentRecord[]): SegmentRecord {
  const [first] = segments;
  const sum = (of: (segment: SegmentRecord) => number): number => segments.reduce((all, each) => all + of(each), 0);
  return { ...first!, id: String(nextId++), rows: sum(({ rows }) => rows), bytes: sum(({ bytes }) => bytes) };
}

describe('which segments are merged', () => {
  it('none, as long as there are less than eight of a size', () => {
    const sizes = [3, 60, 500, 4000, 30_000, 250_000, 900_000];
    expect(
      chooseMerge(
        sizes.flatMap((rows) => Array.from({ length: 7 }, (_, n) => aSegment(rows, n))),
        bounds,
      ),
    ).toEqual([]);
  });

  it('the eight of a size that are nearest to each other', () => {
    const far = Array.from({ length: 7 }, (_, n) => aSegment(100, n * 30));
    const near = Array.from({ length: 8 }, (_, n) => aSegment(100, 300 + n));
    expect(chooseMerge([...near.slice(4), ...far, ...near.slice(0, 4)], bounds)).toEqual(near);
  });

  it('no more than one file may have, in rows or bytes', () => {
    const rows = chooseMerge(
      Array.from({ length: 8 }, (_, n) => aSegment(300_000, n)),
      bounds,
    );
    expect(rows.map((each) => each.rows)).toEqual([300_000, 300_000, 300_000]);
    const bytes = chooseMerge(
      Array.from({ length: 8 }, (_, n) => aSegment(100, n, 4e8)),
      bounds,
    );
    expect(bytes).toHaveLength(2);
    expect(
      chooseMerge(
        Array.from({ length: 9 }, (_, n) => aSegment(100, n, 6e8)),
        bounds,
      ),
    ).toEqual([]);
  });

  it('so that each row is written seven times at most, and few files are left, whatever the runs are', () => {
    let segments: SegmentRecord[] = [];
    let [stored, written] = [0, 0];
    for (let run = 0; run < 3000; run += 1) {
      const fresh = aSegment(1 + ((run * 7919) % 2000), run);
      stored += fresh.rows;
      segments.push(fresh);
      for (let chosen = chooseMerge(segments, bounds); chosen.length > 0; chosen = chooseMerge(segments, bounds)) {
        const one = merged(chosen);
        written += one.rows;
        segments = [...segments.filter((each) => !chosen.includes(each)), one];
      }
      expect(segments.length).toBeLessThan(50);
    }
    expect(segments.reduce((sum, { rows }) => sum + rows, 0)).toBe(stored);
    expect(written / stored).toBeLessThan(7);
  });
});
