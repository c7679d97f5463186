import type { CommittedSegment } from '@app/persistence';
import type { GroupBounds } from './duckdb/group-bounds';
import { ListWindows, type Window } from './list-windows';

const bounds = { limit: 20, maxBytes: 1e9 };

/** A file of ten groups of 12,288 rows, one behind the other from `minMs` to `endMs`, which is not in it. */
function segment(file: string, minMs: number, endMs: number): CommittedSegment {
  const times = { minOccurredAt: new Date(minMs), maxOccurredAt: new Date(endMs - 1) };
  return { id: file, file, rows: 122_880, minProjectId: 1, maxProjectId: 1, ...times };
}

function groupsOf({ file, minOccurredAt, maxOccurredAt }: CommittedSegment): GroupBounds[] {
  const step = (maxOccurredAt.getTime() + 1 - minOccurredAt.getTime()) / 10;
  return Array.from({ length: 10 }, (_, n) => {
    const minMs = minOccurredAt.getTime() + n * step;
    return { file, rows: 12_288, minProjectId: 1, maxProjectId: 1, minMs, maxMs: minMs + step - 1 };
  });
}

class Opened {
  readonly files: string[] = [];

  windows(segments: readonly CommittedSegment[], limits: Partial<ConstructorParameters<typeof ListWindows>[2]> = {}) {
    return new ListWindows(segments, 1, { ...bounds, ...limits }, (files) => {
      this.files.push(...files);
      return Promise.resolve(segments.filter(({ file }) => files.includes(file)).flatMap(groupsOf));
    });
  }
}

async function all(windows: ListWindows): Promise<Window[]> {
  const found: Window[] = [];
  for (let window = await windows.next(); window !== undefined; window = await windows.next()) found.push(window);
  return found;
}

const years = [segment('old', 0, 1000), segment('middle', 1000, 2000), segment('new', 2000, 3000)];

it('opens the newest files first, and the others when they are asked for', async () => {
  const opened = new Opened();
  const windows = opened.windows(years);
  expect(await windows.next()).toEqual({ files: ['new'], fromMs: 2800, toMs: undefined });
  expect(opened.files).toEqual(['new']);
  expect(await windows.next()).toEqual({ files: ['new'], fromMs: 2000, toMs: 2800 });
  expect(windows.more).toBe(true);
  expect(await windows.next()).toEqual({ files: ['middle', 'old'], fromMs: undefined, toMs: 2000 });
  expect([opened.files, windows.more]).toEqual([['new', 'middle', 'old'], false]);
});

it('opens no file twice, and none outside of the times that are asked for', async () => {
  const opened = new Opened();
  await all(opened.windows(years, { filter: { from: new Date(1100), to: new Date(1900) } }));
  expect(opened.files).toEqual(['middle']);
});

it('gives stretches that follow each other without a gap, whatever overlaps', async () => {
  const segments = [segment('wide', 0, 5000), segment('a', 100, 300), segment('b', 200, 2500), segment('c', 299, 4000)];
  const windows = await all(new Opened().windows(segments, { filter: { from: new Date(50) } }));
  expect([windows[0]?.toMs, windows.at(-1)?.fromMs]).toEqual([undefined, 50]);
  for (const [index, { toMs }] of windows.entries()) if (index > 0) expect(toMs).toBe(windows[index - 1]?.fromMs);
  for (const group of segments.flatMap(groupsOf)) {
    const touching = windows.filter(
      ({ fromMs = -Infinity, toMs = Infinity }) => group.minMs < toMs && group.maxMs >= fromMs,
    );
    expect(touching.filter(({ files }) => !files.includes(group.file))).toEqual([]);
  }
});

it('asks for so many files at once as hold four million rows, however long the history is', async () => {
  const segments = Array.from({ length: 100 }, (_, n) => segment(String(n), n * 1000, (n + 1) * 1000));
  const windows = await all(new Opened().windows(segments));
  expect(Math.max(...windows.map(({ files }) => files.length))).toBeLessThanOrEqual(34);
  expect(new Set(windows.flatMap(({ files }) => files)).size).toBe(100);
});
