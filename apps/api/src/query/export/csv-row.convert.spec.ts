import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import type { StoredEvent } from '@app/persistence';
import { CSV_HEADER, toCsvRow, toSpreadsheetRow } from './csv-row.convert';

function aStoredEvent(part: Partial<StoredEvent> = {}): StoredEvent {
  return {
    projectId: 1,
    eventId: '0192f0c1-2345-7abc-8def-0123456789ab',
    name: 'n',
    source: undefined,
    userId: undefined,
    occurredAt: new Date('2026-01-02T03:04:05.678Z'),
    receivedAt: new Date('2026-01-02T03:04:05.700Z'),
    storedAt: new Date('2026-01-02T03:04:05.750Z'),
    amount: undefined,
    data: {},
    context: undefined,
    ...part,
  };
}

const TIMES = '2026-01-02T03:04:05.678Z,2026-01-02T03:04:05.700Z,2026-01-02T03:04:05.750Z';

const read = (text: string): Record<string, string>[] => parse(CSV_HEADER + text, { columns: true });

describe('a row', () => {
  it('has the columns of the contract, empty where the event has nothing', () => {
    const id = '0192f0c1-2345-7abc-8def-0123456789ab';
    expect(CSV_HEADER).toBe('event_id,occurred_at,received_at,stored_at,user_id,name,source,amount,data\n');
    expect(toCsvRow(aStoredEvent())).toBe(`${id},${TIMES},,n,,,{}\n`);
    const whole = aStoredEvent({ userId: 'u1', source: 'shop', amount: 12.5, data: { a: 1, b: [2, 'x'] } });
    expect(toCsvRow(whole)).toBe(`${id},${TIMES},u1,n,shop,12.5,"{""a"":1,""b"":[2,""x""]}"\n`);
  });

  it.each([
    [1e-9, '0.000000001'],
    [-1.5e-7, '-0.00000015'],
    [0, '0'],
    [100, '100'],
    [0.1, '0.1'],
    [9_007_199_254_740_991, '9007199254740991'],
    // Without the fraction the API refuses to take it again.
    [999_999_999_999_999_900, '999999999999999900.0'],
    [-12_345_678.12345679, '-12345678.12345679'],
  ])('writes the amount %d without an exponent', (amount, text) => {
    expect(read(toCsvRow(aStoredEvent({ amount })))).toMatchObject([{ amount: text }]);
    expect(Number(text)).toBe(amount);
  });

  it('writes numbers of data so that they are taken again', () => {
    const data = { a: [1e20, -1e16, 9_007_199_254_740_991], '"12345678901234567890': '12345678901234567890', b: 1e21 };
    expect(read(toCsvRow(aStoredEvent({ data })))).toMatchObject([
      {
        data: '{"a":[100000000000000000000.0,-10000000000000000.0,9007199254740991],"\\"12345678901234567890":"12345678901234567890","b":1e+21}',
      },
    ]);
  });

  it('is read back by any reader of RFC 4180, whatever it holds', () => {
    const text = fc.string({ unit: fc.oneof(fc.constantFrom('"', ',', '\n', '\r', ' ', "'", '='), fc.string()) });
    fc.assert(
      fc.property(text, text, text, (name, source, userId) => {
        const row = toCsvRow(aStoredEvent({ name, source, userId, data: { [name]: [source] } }));
        const data = JSON.stringify({ [name]: [source] });
        expect(read(row)).toMatchObject([{ name, source, user_id: userId, data }]);
      }),
    );
  });
});

describe('a row for programs for tables', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx'])('is not a formula that begins like %j', (text) => {
    const row = toSpreadsheetRow(aStoredEvent({ name: text, userId: text, source: text, amount: -1 }));
    const safe = `'${text}`;
    expect(read(row)).toMatchObject([{ name: safe, user_id: safe, source: safe, amount: "'-1", data: '{}' }]);
  });

  it('is the same where nothing is dangerous', () => {
    const event = aStoredEvent({ name: 'a=1', userId: ' =1', source: "'", amount: 1, data: { '=': '=' } });
    expect(toSpreadsheetRow(event)).toBe(toCsvRow(event));
  });
});
