import fc from 'fast-check';
import { DecimalSum } from './decimal-sum';

function sumOf(amounts: readonly number[]): string {
  const sum = new DecimalSum();
  for (const amount of amounts) sum.add(amount);
  return sum.toString();
}

/** A decimal with 9 digits after the point, as a count of 10^-9. */
function unitsOf(text: string): bigint {
  return BigInt(text.replace('.', ''));
}

/** The double nearest to so many 10^-9, as a producer's JSON has it. */
function amountOf(units: bigint): number {
  const digits = (units < 0n ? -units : units).toString().padStart(10, '0');
  return Number(`${units < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`);
}

/** What PostgreSQL makes of the double's shortest text, digit by digit; undefined when that has more than 9 decimals. */
function exactUnits(amount: number): bigint | undefined {
  const [mantissa = '', exponent = '0'] = String(amount).split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const zeros = 9 - fraction.length + Number(exponent);
  return zeros < 0 ? undefined : BigInt(whole + fraction) * 10n ** BigInt(zeros);
}

it('gives the sum of the decimals, whatever their size', () => {
  const units = fc.oneof(
    fc.bigInt(-(10n ** 15n), 10n ** 15n),
    fc.bigInt(-(10n ** 19n), 10n ** 19n),
    fc.bigInt(-(2n ** 51n) - 5n, -(2n ** 51n) + 5n),
    fc.bigInt(2n ** 51n - 5n, 2n ** 51n + 5n),
    fc.bigInt(-(10n ** 18n) + 1n, 10n ** 18n - 1n).map((whole) => whole * 10n ** 9n),
  );
  // What the doors let in.
  const amount = units.map(amountOf).filter((value) => Math.abs(value) < 1e18 && exactUnits(value) !== undefined);
  fc.assert(
    fc.property(fc.array(amount, { maxLength: 50 }), (amounts) => {
      expect(unitsOf(sumOf(amounts))).toBe(amounts.reduce((sum, value) => sum + exactUnits(value)!, 0n));
    }),
    { numRuns: 500 },
  );
});

it.each<[number[], string]>([
  [[], '0.000000000'],
  [[0.1, 0.2], '0.300000000'],
  [[1e-9, -2e-9], '-0.000000001'],
  [[999_999_999_999_999_900, 0.1], '999999999999999900.100000000'],
  [[-0.5, -0.5], '-1.000000000'],
])('sums %j to %s', (amounts, text) => {
  expect(sumOf(amounts)).toBe(text);
});

it('stays exact over millions of amounts', () => {
  const sum = new DecimalSum();
  for (let n = 0; n < 2_000_000; n += 1) sum.add(2_000_000.01);
  const doubled = new DecimalSum();
  doubled.addAll(sum);
  doubled.addAll(sum);
  expect([sum.toString(), doubled.toString()]).toEqual(['4000000020000.000000000', '8000000040000.000000000']);
});
