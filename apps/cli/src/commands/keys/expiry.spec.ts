import { expiry } from './expiry';

const NOW = Date.parse('2026-01-01T00:00:00.000Z');

describe('expiry', () => {
  it.each([
    ['90d', '2026-04-01T00:00:00.000Z'],
    ['12h', '2026-01-01T12:00:00.000Z'],
    ['30m', '2026-01-01T00:30:00.000Z'],
    ['2026-06-01T00:00:00+02:00', '2026-06-01T00:00:00+02:00'],
  ])('takes %s', (text, instant) => {
    expect(expiry(text, NOW)).toBe(instant);
  });

  it.each(['', '90', 'soon', '1y', '2026-06-01', '2026-06-01T00:00:00'])('refuses %p', (text) => {
    expect(() => expiry(text, NOW)).toThrow('It must be');
  });
});
