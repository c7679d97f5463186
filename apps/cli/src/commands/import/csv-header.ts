/** Fields of the native event that a column can carry. */
export type EventField = 'event_id' | 'occurred_at' | 'user_id' | 'name' | 'source' | 'amount' | 'data';

/** The header cannot be understood, so no row can be. */
export class CsvHeaderError extends Error {}

/** Where a column goes. What our own export adds and a new acceptance sets anew is left out. */
const FIELD_OF_COLUMN: ReadonlyMap<string, EventField | 'ignored'> = new Map([
  ['event_id', 'event_id'],
  ['occurred_at', 'occurred_at'],
  ['user_id', 'user_id'],
  ['event_type', 'name'],
  ['name', 'name'],
  ['source', 'source'],
  ['amount', 'amount'],
  ['properties_json', 'data'],
  ['data', 'data'],
  ['received_at', 'ignored'],
  ['stored_at', 'ignored'],
]);

/** For each column, in the order of the file, the field it fills, or undefined. */
export type CsvColumns = readonly (EventField | undefined)[];

/**
 * Reads the first record of a file as the names of its columns, in any order.
 *
 * @throws {CsvHeaderError} naming every column that is unknown, or two that mean one field, or the one that is missing.
 */
export function columnsFromHeader(names: readonly string[]): CsvColumns {
  const trimmed = names.map((name) => name.trim());
  const unknown = trimmed.filter((name) => !FIELD_OF_COLUMN.has(name));
  if (unknown.length > 0) {
    const list = unknown.map((name) => JSON.stringify(name)).join(', ');
    const known = [...FIELD_OF_COLUMN.keys()].join(', ');
    throw new CsvHeaderError(`unknown column ${list}; the first line must name columns out of ${known}`);
  }
  const columnOf = new Map<EventField, string>();
  const columns = trimmed.map((name) => {
    const field = FIELD_OF_COLUMN.get(name);
    if (field === undefined || field === 'ignored') return undefined;
    const other = columnOf.get(field);
    if (other !== undefined) {
      throw new CsvHeaderError(
        other === name
          ? `it names the column ${name} twice`
          : `it names ${other} and ${name}, which are two names of one field; keep one`,
      );
    }
    columnOf.set(field, name);
    return field;
  });
  if (!columnOf.has('name')) throw new CsvHeaderError('it names no column event_type (or name), which is required');
  return columns;
}
