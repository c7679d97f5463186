/** Amounts have at most 9 decimals. */
const UNITS = 1e9;
const DECIMALS = 9;

/** Below it, the product of an amount and 10^9 is less than half a unit off: rounding finds the very decimal. */
const SURE = 2 ** 51;

/** Two of these and a unit more are still a safe integer. */
const FULL = 2 ** 52;

/** The sum of amounts as the decimals that they stand for: 0.1 and 0.2 are 0.3. */
export class DecimalSum {
  /** In units of 10^-9, and below FULL: numbers cost a twentieth of BigInts. */
  private small = 0;
  private large = 0n;

  /** @param amount |x| < 10^18, of which the shortest text has at most 9 decimals. */
  add(amount: number): void {
    const units = Math.round(amount * UNITS);
    if (Math.abs(units) < SURE) this.addSmall(units);
    else this.large += unitsOf(amount);
  }

  addAll(other: DecimalSum): void {
    this.large += other.large;
    this.addSmall(other.small);
  }

  negated(): DecimalSum {
    const negated = new DecimalSum();
    negated.small = -this.small;
    negated.large = -this.large;
    return negated;
  }

  /** A decimal of SQL. */
  toString(): string {
    const units = this.large + BigInt(this.small);
    const digits = (units < 0n ? -units : units).toString().padStart(DECIMALS + 1, '0');
    return `${units < 0n ? '-' : ''}${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`;
  }

  private addSmall(units: number): void {
    this.small += units;
    if (Math.abs(this.small) < FULL) return;
    this.large += BigInt(this.small);
    this.small = 0;
  }
}

/** Of an amount that is too large for `SURE`, and so is never written with an exponent. */
function unitsOf(amount: number): bigint {
  const [whole = '', fraction = ''] = String(amount).split('.');
  return BigInt(whole + fraction.padEnd(DECIMALS, '0'));
}
