import { csvEventId } from '@app/events';
import { importBatches, type ImportBatch } from './import-batches';

async function read(file: string | Buffer, batchSize = 1000): Promise<ImportBatch[]> {
  async function* chunks(): AsyncGenerator<Buffer> {
    yield await Promise.resolve(Buffer.from(file));
  }
  const batches: ImportBatch[] = [];
  for await (const batch of importBatches(chunks(), batchSize)) batches.push(batch);
  return batches;
}

const lines = (batches: readonly ImportBatch[]): number[][] => batches.map((batch) => batch.map(({ line }) => line));

function eventOf(batches: readonly ImportBatch[], index: number): Record<string, unknown> {
  const converted = batches.flat()[index]?.converted;
  return converted?.ok === true ? (JSON.parse(converted.json) as Record<string, unknown>) : {};
}

describe('importBatches', () => {
  it('puts the rows in batches in the order of the file, bad ones among them', async () => {
    const batches = await read('name,amount\na,1\nb,many\nc,3\n', 2);
    expect(lines(batches)).toEqual([[2, 3], [4]]);
    expect(batches.flat().map(({ converted }) => converted.ok)).toEqual([true, false, true]);
  });

  it('ends a batch before a request would be too large', async () => {
    const row = `x,"{""text"":""${'y'.repeat(600_000)}""}"\n`;
    expect(lines(await read(`name,data\n${row.repeat(20)}`))).toEqual([
      [2, 3, 4, 5, 6, 7, 8, 9],
      [10, 11, 12, 13, 14, 15, 16, 17],
      [18, 19, 20, 21],
    ]);
  });

  it('passes over a byte order mark', async () => {
    expect(eventOf(await read('\ufeffname,user_id\nx,u\n'), 0)).toMatchObject({ name: 'x', user_id: 'u' });
  });

  it('gives rows without an id the published ones, whatever their neighbours bring', async () => {
    const id = '018F4E9A-0000-7000-8000-000000000001';
    const batches = await read(`name,event_id\nsignup,\nother,${id}\n`);
    expect(eventOf(batches, 0)['event_id']).toBe(csvEventId(sha256OfFirstRow));
    expect(eventOf(batches, 1)['event_id']).toBe(id);
    expect(eventOf(await read('name\nsignup'), 0)['event_id']).toBe('d7e7674f-1912-577b-91b7-8df4a2d96bf4');
  });

  it('refuses a row that is not UTF-8, and only that', async () => {
    const file = Buffer.concat([Buffer.from('name\na'), Buffer.from([0xff]), Buffer.from('\nb\n')]);
    const rows = (await read(file)).flat();
    expect(rows[0]?.converted).toMatchObject({ ok: false, errors: [{ message: 'the row is not valid UTF-8' }] });
    expect(rows[1]?.converted.ok).toBe(true);
  });

  it.each([
    ['', 'the file is empty'],
    ['\n\r\n', 'the file is empty'],
    ['what,name\n', 'unknown column "what"'],
    ['"name', 'the header cannot be read'],
  ])('cannot run on the file %j', async (file, reason) => {
    await expect(read(file)).rejects.toThrow(reason);
  });

  it('takes a file of a header only', async () => {
    expect(await read('name')).toEqual([]);
  });

  it.each([1, 7, 1 << 16])(
    'takes a file that begins with a brace line by line, in pieces of %d bytes',
    async (size) => {
      const hard = String.raw`{"name":"b","data":{"t":["a","\"",",\"x"]}}`;
      const file = Buffer.from(`\ufeff{"name":"a","event_id":"1"}\r\n\n${hard}\nname,data\n{"name":"c"}`);
      async function* pieces(): AsyncGenerator<Buffer> {
        for (let from = 0; from < file.length; from += size)
          yield await Promise.resolve(file.subarray(from, from + size));
      }
      const batches: ImportBatch[] = [];
      for await (const batch of importBatches(pieces(), 1000)) batches.push(batch);
      expect(lines(batches)).toEqual([[1, 3, 4, 5]]);
      expect(batches.flat().map(({ converted }) => converted.ok)).toEqual([true, true, false, true]);
      expect(eventOf(batches, 0)).toEqual({ name: 'a', event_id: '1' });
      expect(eventOf(batches, 1)).toMatchObject({ name: 'b', data: { t: ['a', '"', ',"x'] } });
      expect(eventOf(batches, 3)['event_id']).toMatch(/^[0-9a-f-]{36}$/);
    },
  );
});

// sha256 of "name,event_id\nsignup,"
const sha256OfFirstRow = '0521595d625806f054572e0d128706709386243fb269ed8cebbb13c8307c0fe5';
