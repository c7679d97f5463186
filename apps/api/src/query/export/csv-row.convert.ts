import { withWideFractions } from '@app/events';
import type { StoredEvent } from '@app/persistence';

/** As `millrace import` reads them again. */
export const CSV_HEADER = 'event_id,occurred_at,received_at,stored_at,user_id,name,source,amount,data\n';

/** What makes a program for tables take a cell for a formula, or begin another cell. */
const FORMULA = /^[=+\-@\t\r]/;
const NEEDS_QUOTES = /[",\r\n]/;

/** One line of RFC 4180, with the columns of `CSV_HEADER`. */
export function toCsvRow(event: StoredEvent): string {
  return lineOf(cellsOf(event));
}

/** The same for programs for tables: a cell that they would take for a formula gets an apostrophe in front. */
export function toSpreadsheetRow(event: StoredEvent): string {
  return lineOf(cellsOf(event).map((cell) => (FORMULA.test(cell) ? `'${cell}` : cell)));
}

function lineOf(cells: readonly string[]): string {
  return `${cells.map(quoted).join(',')}\n`;
}

function quoted(cell: string): string {
  return NEEDS_QUOTES.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function cellsOf(event: StoredEvent): string[] {
  return [
    event.eventId,
    event.occurredAt.toISOString(),
    event.receivedAt.toISOString(),
    event.storedAt.toISOString(),
    event.userId ?? '',
    event.name,
    event.source ?? '',
    event.amount === undefined ? '' : decimal(event.amount),
    withWideFractions(JSON.stringify(event.data)),
  ];
}

/** Without an exponent. Amounts have at most 9 decimals, so only the small ones are ever written with one. */
function decimal(amount: number): string {
  const shortest = String(amount);
  return shortest.includes('e') ? amount.toFixed(9).replace(/\.?0+$/, '') : withWideFractions(shortest);
}
