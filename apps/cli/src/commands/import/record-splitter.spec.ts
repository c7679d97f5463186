import { createHash } from 'node:crypto';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { parseFields } from './csv-fields';
import { RecordSplitter } from './record-splitter';

interface Seen {
  readonly line: number;
  readonly text: string;
  readonly digest: string;
  readonly problem: string | undefined;
}

function split(chunks: readonly (string | Buffer)[], maxRecordBytes = 1000): Seen[] {
  const splitter = new RecordSplitter(maxRecordBytes);
  const seen: Seen[] = [];
  const take = (records: ReturnType<RecordSplitter['split']>): void => {
    for (const { line, bytes, problem } of records) {
      seen.push({ line, text: bytes.toString('utf8'), digest: splitter.digest(), problem });
    }
  };
  for (const chunk of chunks) take(splitter.split(Buffer.from(chunk)));
  take(splitter.end());
  return seen;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('RecordSplitter', () => {
  it('gives each record the line it begins on, also after blank lines and fields of several lines', () => {
    const seen = split(['a,b\r\n\r\n1,"x\r\ny\n\nz"\n\n2,z']);
    expect(seen.map(({ line, text }) => [line, text])).toEqual([
      [1, 'a,b'],
      [3, '1,"x\r\ny\n\nz"'],
      [8, '2,z'],
    ]);
  });

  it('hashes the file up to the last byte of the record and leaves its line ending out', () => {
    const file = '\ufeffname\r\n\r\na\r\n"b\r\nc"\r\nd\r';
    expect(split([file]).map(({ digest }) => digest)).toEqual(
      [
        '\ufeffname',
        '\ufeffname\r\n\r\na',
        '\ufeffname\r\n\r\na\r\n"b\r\nc"',
        '\ufeffname\r\n\r\na\r\n"b\r\nc"\r\nd',
      ].map(sha256),
    );
  });

  it('gives the last row the same hash with and without a line ending', () => {
    expect(split(['name\nx']).at(-1)?.digest).toBe(split(['name\nx\r\n']).at(-1)?.digest);
  });

  it('sees the same records however the bytes arrive', () => {
    const file = 'a,b\r\n"1\r\n""q"""","ä,"\r\n\r\n2,"3\n4"\r\n' + 'x'.repeat(60) + '\r\nlast,"é"';
    const whole = split([file], 40);
    expect(
      split(
        [...Buffer.from(file)].map((byte) => Buffer.from([byte])),
        40,
      ),
    ).toEqual(whole);
    expect(whole).toHaveLength(5);
  });

  it('lets a stray quote spoil its own line only', () => {
    const seen = split(['a,b\n5" pipe,1\n"x"y",2\nok,3\n']);
    expect(seen.map(({ text }) => text)).toEqual(['a,b', '5" pipe,1', '"x"y",2', 'ok,3']);
  });

  it('passes over a record that is too long and goes on after it with the right line and hash', () => {
    const long = `"${'x'.repeat(30)}\n${'y'.repeat(30)}"`;
    const seen = split([`name\n${long}\r\n`, 'next\n'], 20);
    expect(seen[1]).toMatchObject({ line: 2, text: '', problem: 'the row is longer than 20 bytes' });
    expect(seen[2]).toMatchObject({ line: 4, text: 'next', digest: sha256(`name\n${long}\r\nnext`) });
  });

  it('refuses all that follows a quote that is never closed, rather than guess where rows begin', () => {
    const seen = split(['name,user_id\na,b\n"c,d\ne,f\n']);
    expect(seen).toHaveLength(3);
    expect(seen[2]).toMatchObject({ line: 3, problem: expect.stringContaining('never closed') as string });
  });

  it('reads the same fields as csv-parse out of any well-formed file', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', '\r', ' ', '😀'), maxLength: 6 });
    const table = fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 8 });
    const write = (value: string): string => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n'), fc.nat(20), (rows, ending, size) => {
        const file = Buffer.from(rows.map((row) => row.map(write).join(',')).join(ending) + ending);
        const chunks = Array.from({ length: Math.ceil(file.length / (size + 1)) }, (_, index) =>
          file.subarray(index * (size + 1), (index + 1) * (size + 1)),
        );
        const ours = split(chunks).map(({ text }) => parseFields(text));
        expect(ours).toEqual(parse(file, { record_delimiter: ending }));
        expect(ours).toEqual(rows);
      }),
    );
  });
});
