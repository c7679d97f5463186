import * as fc from 'fast-check';
import { JsonText } from './json-text';

describe('JsonText', () => {
  it.each([
    ['{"a":9007199254740993}', ['a']],
    ['{"a":-9007199254740992}', ['a']],
    [' { "a" : [ 1 , {"b]":"}\\"" , "c":100000000000000000000 } ] } ', ['a', 1, 'c']],
    ['{"a":1,"\\u0061":9007199254740993}', ['a']],
    ['{"__proto__":9007199254740993}', ['__proto__']],
    ['["\\\\",9007199254740993]', [1]],
    ['9007199254740993', []],
  ])('finds the wide integer of %s', (json, path) => {
    expect(new JsonText(json).isWideInteger(path)).toBe(true);
  });

  it.each([
    ['{"a":9007199254740991}', ['a']],
    ['{"a":9007199254740993.0}', ['a']],
    ['{"a":9007199254740993e0}', ['a']],
    ['{"a":1e300}', ['a']],
    ['{"a":"9007199254740993"}', ['a']],
    ['{"a":9007199254740993,"a":1}', ['a']],
    ['{"a":"\\"9007199254740993"}', ['a']],
    ['{"a":1}', ['b', 'c']],
  ])('finds none in %s', (json, path) => {
    expect(new JsonText(json).isWideInteger(path)).toBe(false);
  });

  it('agrees with the literals of any JSON', () => {
    const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.bigInt());
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), number)), (pairs) => {
        const json = `[${pairs.map(([key, value]) => `{${JSON.stringify(key)}: ${String(value)}}`).join(', ')}]`;
        const text = new JsonText(json);
        pairs.forEach(([key, value], index) => {
          const wide = /^-?\d+$/.test(String(value)) && !Number.isSafeInteger(Number(value));
          expect(text.isWideInteger([index, key])).toBe(wide);
        });
      }),
    );
  });
});
