import { columnsFromHeader } from './csv-header';

describe('columnsFromHeader', () => {
  it('knows the columns in any order, and leaves out what an export adds', () => {
    expect(columnsFromHeader(['properties_json', 'event_type', 'stored_at', ' user_id ', 'received_at'])).toEqual([
      'data',
      'name',
      undefined,
      'user_id',
      undefined,
    ]);
  });

  it('takes the header of our own export', () => {
    const exported = 'event_id,occurred_at,received_at,stored_at,user_id,name,source,amount,data';
    expect(columnsFromHeader(exported.split(','))).toHaveLength(9);
  });

  it.each([
    [['event_type', 'colour', ''], 'unknown column "colour", ""'],
    [['event_type', 'name'], 'event_type and name, which are two names of one field'],
    [['data', 'name', 'properties_json'], 'data and properties_json'],
    [['name', 'name'], 'the column name twice'],
    [['user_id', 'occurred_at'], 'no column event_type'],
  ])('refuses %j and says why', (names, reason) => {
    expect(() => columnsFromHeader(names)).toThrow(reason);
  });
});
