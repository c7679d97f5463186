import { eventJsonFromRow } from './event-row.convert';

const ID = '018f4e9a-0000-7000-8000-000000000001';
const noId = (): string => {
  throw new Error('asked for an id although the row has one');
};

describe('eventJsonFromRow', () => {
  it('keeps numbers and data digit by digit', () => {
    const row = `${ID},buy,0.10,"{""n"": 9007199254740993, ""price"": 1.50}"`;
    expect(eventJsonFromRow(row, ['event_id', 'name', 'amount', 'data'], noId)).toEqual({
      ok: true,
      json: `{"event_id":"${ID}","name":"buy","amount":0.10,"data":{"n": 9007199254740993, "price": 1.50}}`,
    });
  });

  it('leaves empty cells and ignored columns out, and gives a row without an id the one made of the file', () => {
    expect(eventJsonFromRow('"",buy,ignored,', ['event_id', 'name', undefined, 'user_id'], () => ID)).toEqual({
      ok: true,
      json: `{"name":"buy","event_id":"${ID}"}`,
    });
  });

  it('escapes text for JSON', () => {
    const converted = eventJsonFromRow('"a ""b"" \\ \t"', ['name'], () => ID);
    expect(converted.ok && (JSON.parse(converted.json) as { name: string }).name).toBe('a "b" \\ \t');
  });

  it.each([
    ['x,,', { code: 'csv', message: 'the row has 3 columns, the header 2' }],
    ['x', { code: 'csv', message: 'the row has 1 columns, the header 2' }],
    ['x,5"', { code: 'csv' }],
  ])('refuses the row %j as a whole', (row, error) => {
    expect(eventJsonFromRow(row, ['name', 'amount'], () => ID)).toMatchObject({ ok: false, errors: [error] });
  });

  it.each(['1,5', '+1', ' 1', '1.', '.5', '0x10', 'NaN', '1e', '01', '١', '1}'])('refuses the amount %j', (amount) => {
    const converted = eventJsonFromRow(`x,"${amount}"`, ['name', 'amount'], () => ID);
    expect(converted).toMatchObject({ ok: false, errors: [{ field: 'amount' }] });
  });

  it('lets no cell break out of its field', () => {
    const data = '{},"user_id":"somebody else","data":{}';
    const converted = eventJsonFromRow(`x,"${data.replaceAll('"', '""')}"`, ['name', 'data'], () => ID);
    expect(converted).toMatchObject({ ok: false, errors: [{ field: 'data', code: 'format' }] });
  });

  it('names all that is wrong with a row', () => {
    const converted = eventJsonFromRow('x,many,{', ['name', 'amount', 'data'], () => ID);
    expect(converted).toMatchObject({ ok: false, errors: [{ field: 'amount' }, { field: 'data' }] });
  });
});
