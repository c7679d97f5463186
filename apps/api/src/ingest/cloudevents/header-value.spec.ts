import { decodeHeaderValue } from './header-value';

/** As Node gives a header: a character for each byte. */
const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

describe('the value of a header', () => {
  it.each([
    ['plain', 'plain'],
    ['', ''],
    ['with space and ~', 'with space and ~'],
    ['Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'],
    ['%e2%82%ac', '€'],
    ['%41%42', 'AB'],
    ['%2541', '%41'], // one round only
    ['100%', '100%'],
    ['%4', '%4'],
    ['%zz%20', '%zz '],
    ['"quoted"', 'quoted'],
    ['"a \\"b\\" \\\\ c"', 'a "b" \\ c'],
    ['"%20"', ' '],
    ['"\\%20"', ' '],
    ['""', ''],
    ['"open', '"open'],
    ['"a" and "b"', '"a" and "b"'],
    ['\\a', '\\a'],
    [bytes('schön €'), 'schön €'],
    [bytes('schön%20€'), 'schön €'],
    ['%00', '\0'],
  ])('%j is %j', (value, text) => {
    expect(decodeHeaderValue(value)).toBe(text);
  });

  it.each(['%C0%A0', '%ff', '%E2%82', '%ED%A0%80', 'sch\u00f6n', '"%80"'])('%j is not UTF-8', (value) => {
    expect(decodeHeaderValue(value)).toBeUndefined();
  });
});
