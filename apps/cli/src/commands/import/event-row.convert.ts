import { CsvSyntaxError, parseFields } from './csv-fields';
import type { CsvColumns, EventField } from './csv-header';

/** One thing that is wrong with a row; `field` is empty when it is the row as a whole. */
export interface RowError {
  readonly field: string;
  readonly code: string;
  readonly message: string;
}

export type ConvertedRow =
  { readonly ok: true; readonly json: string } | { readonly ok: false; readonly errors: readonly RowError[] };

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * Writes a row as the JSON text of a native event. Only what would keep the text from being JSON is checked here; all
 * else is judged by the API's own rules. An empty cell is a missing field.
 *
 * @param eventIdOfRow gives the id of a row that brings none; called for such rows only.
 */
export function eventJsonFromRow(row: string, columns: CsvColumns, eventIdOfRow: () => string): ConvertedRow {
  const cells = cellsOf(row, columns);
  if (!(cells instanceof Map)) return { ok: false, errors: [cells] };
  if (!cells.has('event_id')) cells.set('event_id', eventIdOfRow());
  const members: string[] = [];
  const errors: RowError[] = [];
  for (const [field, cell] of cells) {
    const problem = literalProblem(field, cell);
    if (problem !== undefined) errors.push(problem);
    // Numbers and data go in as they are written: parsing and writing them again could change a digit.
    else members.push(`"${field}":${field === 'amount' || field === 'data' ? cell : JSON.stringify(cell)}`);
  }
  return errors.length > 0 ? { ok: false, errors } : { ok: true, json: `{${members.join(',')}}` };
}

function cellsOf(row: string, columns: CsvColumns): Map<EventField, string> | RowError {
  let fields: string[];
  try {
    fields = parseFields(row);
  } catch (error) {
    if (error instanceof CsvSyntaxError) return { field: '', code: 'csv', message: error.message };
    throw error;
  }
  if (fields.length !== columns.length) {
    const message = `the row has ${fields.length} columns, the header ${columns.length}`;
    return { field: '', code: 'csv', message };
  }
  const cells = new Map<EventField, string>();
  for (const [index, field] of columns.entries()) {
    const cell = fields[index];
    if (field !== undefined && cell !== undefined && cell !== '') cells.set(field, cell);
  }
  return cells;
}

function literalProblem(field: EventField, cell: string): RowError | undefined {
  if (field === 'amount') {
    return JSON_NUMBER.test(cell) ? undefined : { field, code: 'type', message: 'must be a number, like 12.50' };
  }
  if (field !== 'data') return undefined;
  try {
    JSON.parse(cell);
    return undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { field, code: 'format', message: 'is not JSON' };
  }
}
