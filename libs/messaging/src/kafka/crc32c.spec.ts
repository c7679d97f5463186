import { crc32c } from './crc32c';

describe('crc32c', () => {
  it.each([
    ['123456789', 0xe3069283],
    ['', 0],
  ])('of %j is the published check value', (text, expected) => {
    expect(crc32c(Buffer.from(text), 0, text.length)).toBe(expected);
  });

  it('agrees with the vectors of RFC 3720, appendix B.4', () => {
    expect(crc32c(Buffer.alloc(32), 0, 32)).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff), 0, 32)).toBe(0x62a8ab43);
    const rising = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
    expect(crc32c(rising, 0, 32)).toBe(0x46dd794e);
  });

  it('reads only the bytes between its bounds', () => {
    expect(crc32c(Buffer.from('xx123456789yy'), 2, 11)).toBe(0xe3069283);
  });
});
