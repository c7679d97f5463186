import * as fc from 'fast-check';
import { numberLiteralAt } from './json-literal';

describe('numberLiteralAt', () => {
  it.each([
    ['{"a":9007199254740993}', ['a'], '9007199254740993'],
    [' { "a" : [ 1 , {"b]":"}\\"" , "c":-1.5e+3 } ] } ', ['a', 1, 'c'], '-1.5e+3'],
    ['{"a":1,"\\u0061":2}', ['a'], '2'],
    ['[[],[10,20],"x",30]', [3], '30'],
    ['[[],[10,20]]', [1, 1], '20'],
    ['12', [], '12'],
  ])('finds the text in %s', (json, path, literal) => {
    expect(numberLiteralAt(json, path)).toBe(literal);
  });

  it.each([
    ['{"a":"1"}', ['a']],
    ['{"a":1}', ['b']],
    ['[1]', [1]],
    ['[]', [0]],
    ['{}', ['a']],
    ['[1]', ['a']],
  ])('finds nothing in %s at %j', (json, path) => {
    expect(numberLiteralAt(json, path)).toBeUndefined();
  });

  it('finds every number of any JSON, however it is spaced', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 1, 3), (value, space) => {
        const json = JSON.stringify(value, undefined, space);
        const visit = (inner: unknown, path: (string | number)[]): void => {
          if (typeof inner === 'number') expect(Number(numberLiteralAt(json, path))).toBe(inner);
          else if (Array.isArray(inner))
            inner.forEach((item, index) => {
              visit(item, [...path, index]);
            });
          else if (typeof inner === 'object' && inner !== null) {
            for (const [key, member] of Object.entries(inner)) visit(member, [...path, key]);
          }
        };
        visit(JSON.parse(json), []);
      }),
    );
  });
});
