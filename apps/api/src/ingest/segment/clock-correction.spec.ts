import { correctedTime } from './clock-correction';

const at = (text: string): number => Date.parse(text);
const RECEIVED = '2026-11-21T12:00:00.000Z';

describe('correctedTime', () => {
  it.each([
    ['right clocks', '2026-11-21T11:59:00Z', '2026-11-21T12:00:00Z', '2026-11-21T11:59:00Z'],
    ['a clock that is fast by an hour', '2026-11-21T12:59:00Z', '2026-11-21T13:00:00Z', '2026-11-21T11:59:00Z'],
    ['a clock that is slow by an hour', '2026-11-21T10:59:00Z', '2026-11-21T11:00:00Z', '2026-11-21T11:59:00Z'],
    ['a clock that began anew in 1970', '1970-01-01T00:01:00Z', '1970-01-01T00:02:00Z', '2026-11-21T11:59:00Z'],
    ['a clock that is a century ahead', '2126-01-01T00:01:00Z', '2126-01-01T00:02:00Z', '2026-11-21T11:59:00Z'],
    ['a day without network', '2026-11-20T12:00:00Z', '2026-11-21T12:00:00Z', '2026-11-20T12:00:00Z'],
    ['no time of sending', '2026-11-20T12:00:00Z', undefined, '2026-11-20T12:00:00Z'],
    ['an import of old events', '2016-11-20T12:00:00Z', undefined, '2016-11-20T12:00:00Z'],
    ['an event a little ahead of its sending', '2026-11-21T12:00:05Z', '2026-11-21T12:00:00Z', '2026-11-21T12:00:05Z'],
    ['a time of sending that nobody has set', '2026-11-21T11:59:00Z', '0001-01-01T00:00:00Z', '2026-11-21T11:59:00Z'],
    ['an event in two days, clocks right', '2026-11-23T12:00:00Z', '2026-11-21T12:00:00Z', RECEIVED],
    ['an event in two days, no time of sending', '2026-11-23T12:00:00Z', undefined, RECEIVED],
    ['a result before year 1', '0001-01-01T00:00:00Z', '2027-11-21T12:00:00Z', '0001-01-01T00:00:00Z'],
  ])('with %s', (_, timestamp, sentAt, expected) => {
    const clocks = {
      timestamp: at(timestamp),
      sentAt: sentAt === undefined ? undefined : at(sentAt),
      receivedAt: at(RECEIVED),
    };
    expect(new Date(correctedTime(clocks)).toISOString()).toBe(new Date(expected).toISOString());
  });

  it('takes what is exactly 24 hours ahead, and no millisecond more', () => {
    const receivedAt = at(RECEIVED);
    const limit = receivedAt + 86_400_000;
    expect(correctedTime({ timestamp: limit, sentAt: undefined, receivedAt })).toBe(limit);
    expect(correctedTime({ timestamp: limit + 1, sentAt: undefined, receivedAt })).toBe(receivedAt);
  });
});
