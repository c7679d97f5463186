import { CsvSyntaxError, parseFields } from './csv-fields';

describe('parseFields', () => {
  it.each([
    ['a,b', ['a', 'b']],
    ['', ['']],
    [',', ['', '']],
    ['"a,b","c ""d"""', ['a,b', 'c "d"']],
    ['"",x,""', ['', 'x', '']],
    [' a , b ', [' a ', ' b ']],
    ['"two\nlines",x', ['two\nlines', 'x']],
  ])('reads %j', (record, fields) => {
    expect(parseFields(record)).toEqual(fields);
  });

  it.each([
    ['5" pipe', 'not quoted'],
    ['"a"b', 'field 1 goes on after its closing quote'],
    ['x,"a" ,y', 'field 2 goes on'],
    ['"open', 'never closed'],
    ['"open""', 'never closed'],
  ])('refuses %j and says why', (record, reason) => {
    expect(() => parseFields(record)).toThrow(CsvSyntaxError);
    expect(() => parseFields(record)).toThrow(reason);
  });
});
