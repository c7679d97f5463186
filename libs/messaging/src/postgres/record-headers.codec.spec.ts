import type { RecordHeaders } from '../log-record';
import { decodeHeaders, encodeHeaders } from './record-headers.codec';

const anything = Buffer.from([0, 255, 128, 34]);

describe('The headers column', () => {
  it.each<[string, RecordHeaders]>([
    ['no header', {}],
    ['one header', { request_id: Buffer.from('r-1') }],
    ['an empty name and an empty value', { '': Buffer.alloc(0) }],
    ['any bytes under any name', { 'naïve\0😀': anything, length: anything }],
    ['a header that occurs three times', { a: [anything, Buffer.alloc(0), anything], b: anything }],
    ['the name of a prototype', Object.fromEntries([['__proto__', anything]])],
  ])('comes back as it went in: %s', (_, headers) => {
    expect(Object.entries(decodeHeaders(encodeHeaders(headers)))).toEqual(Object.entries(headers));
  });

  it('leaves out what is not there', () => {
    expect(decodeHeaders(encodeHeaders({ a: undefined, b: anything, c: [] }))).toEqual({ b: anything });
  });

  it('does not mistake one name for the start of another', () => {
    expect(decodeHeaders(encodeHeaders({ ab: Buffer.from('c'), a: Buffer.from('bc') }))).toEqual({
      ab: Buffer.from('c'),
      a: Buffer.from('bc'),
    });
  });
});
