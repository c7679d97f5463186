import type { LogPosition, TailBatch, TailReader } from '@app/messaging';
import { CONTRACT_PARTITIONS, type EventLogUnderTest, type RawRecord } from './event-log-under-test';
import { eventsOf } from './sample-events';

const START: LogPosition = new Array<number>(CONTRACT_PARTITIONS).fill(0);

function raw(partition: number, names: readonly string[]): RawRecord[] {
  return names.map((name) => ({ partition, key: null, value: Buffer.from(name) }));
}

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, n) => `n${from + n}`);
}

function valuesOf(batches: readonly TailBatch[], partition: number): string[] {
  const records = batches.filter((batch) => batch.partition === partition).flatMap((batch) => batch.records);
  return records.map(({ value }) => value?.toString() ?? 'null');
}

/** Reads until there are so many records. */
async function readSome(reader: TailReader, count: number): Promise<TailBatch[]> {
  const all: TailBatch[] = [];
  const found = (): number => all.reduce((sum, { records }) => sum + records.length, 0);
  for (let tries = 0; found() < count && tries < 20; tries += 1) all.push(...(await reader.read()));
  return all;
}

export function describeTail(log: () => EventLogUnderTest): void {
  it('tells what the log has, and under which name', async () => {
    await log().produceRaw(raw(3, numbered(0, 5)));
    await log().forget(3, 2);
    const { logName, partitions } = await log().tail.bounds();
    expect(logName).toMatch(/^(kafka:.+|postgres)\/.+/);
    expect(partitions).toHaveLength(CONTRACT_PARTITIONS);
    expect(partitions[3]).toEqual({ oldest: 2, end: 5 });
    expect(partitions[4]).toEqual({ oldest: 0, end: 0 });
  });

  it('reads all partitions on from a position, each in order, and goes on with what comes', async () => {
    await log().produceRaw([...raw(1, numbered(0, 30)), ...raw(7, numbered(0, 3))]);
    const from = [...START];
    from[1] = 10;
    const reader = log().tail.open(from);
    const first = await readSome(reader, 23);
    expect(valuesOf(first, 1)).toEqual(numbered(10, 30));
    expect(valuesOf(first, 7)).toEqual(numbered(0, 3));
    expect(first.filter(({ partition }) => partition === 1).at(-1)?.next).toBe(30);
    await log().produceRaw([...raw(1, numbered(30, 32)), ...raw(2, ['x'])]);
    const second = await readSome(reader, 3);
    expect(valuesOf(second, 1)).toEqual(numbered(30, 32));
    expect(valuesOf(second, 2)).toEqual(['x']);
    expect(second.every(({ missing }) => missing === 0)).toBe(true);
  });

  it('gives keys, values and headers as they are', async () => {
    await log().produceRaw([
      { partition: 0, key: Buffer.from([0, 255]), value: Buffer.from([254, 0]), headers: { a: 'b' } },
    ]);
    const [batch] = await readSome(log().tail.open(START), 1);
    expect(batch?.records).toMatchObject([
      { offset: 0, key: Buffer.from([0, 255]), value: Buffer.from([254, 0]), headers: { a: Buffer.from('b') } },
    ]);
  });

  it('sees the events of a publisher, also when it was there before them', async () => {
    const reader = log().tail.open(START);
    const reading = readSome(reader, 5);
    await log().publisher.publish(eventsOf('u', 5), { requestId: 'r' });
    const batches = await reading;
    expect(batches.flatMap(({ records }) => records).map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4]);
  });

  it('reads a partition that the position does not name from its oldest record', async () => {
    await log().produceRaw([...raw(0, ['a', 'b']), ...raw(11, ['c'])]);
    const batches = await readSome(log().tail.open([1]), 2);
    expect(valuesOf(batches, 0)).toEqual(['b']);
    expect(valuesOf(batches, 11)).toEqual(['c']);
  });

  it('tells how many records are missing between the position and the oldest that the log keeps', async () => {
    await log().produceRaw(raw(5, numbered(0, 9)));
    await log().forget(5, 6);
    const from = [...START];
    from[5] = 2;
    const batches = await readSome(log().tail.open(from), 3);
    expect(valuesOf(batches, 5)).toEqual(numbered(6, 9));
    expect(batches.map(({ missing }) => missing).filter((missing) => missing !== 0)).toEqual([4]);
  });

  it('starts at the oldest record when the position is behind the end: the log was made anew', async () => {
    await log().produceRaw(raw(5, numbered(0, 3)));
    const from = [...START];
    from[5] = 4;
    const batches = await readSome(log().tail.open(from), 3);
    expect(valuesOf(batches, 5)).toEqual(numbered(0, 3));
    expect(batches[0]).toMatchObject({ partition: 5, missing: undefined });
  });

  it('gives nothing after a second without news, and nothing once it is closed', async () => {
    const reader = log().tail.open(START);
    await expect(reader.read()).resolves.toEqual([]);
    const waiting = reader.read();
    await reader.close();
    await expect(waiting).resolves.toEqual([]);
    await expect(reader.read()).resolves.toEqual([]);
  });
}
