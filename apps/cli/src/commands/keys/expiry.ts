import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** An instant for the API: as it was written, or so long from now (`90d`, `12h`, `30m`). */
export function expiry(text: string, now = Date.now()): string {
  const [, amount, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const unitMs = UNITS[unit];
  if (amount !== undefined && unitMs !== undefined) return new Date(now + Number(amount) * unitMs).toISOString();
  if (!Number.isNaN(Date.parse(text)) && /[Zz]$|[+-]\d\d:\d\d$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a time like 90d, 12h or 30m, or an instant with its zone.');
}
