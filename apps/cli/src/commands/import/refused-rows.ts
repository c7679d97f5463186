import { closeSync, openSync, realpathSync, writeSync } from 'node:fs';
import { CannotRunError } from '../../cannot-run.error';
import type { RowError } from './event-row.convert';
import type { ImportRow } from './import-batches';

/** Where the rows that were refused are told. */
export interface RefusedRows {
  add(row: ImportRow, errors: readonly RowError[]): void;
  close(): void;
}

/** `line 7: amount must be a number, like 12.50; data is not JSON` */
export function refusalText(row: ImportRow, errors: readonly RowError[]): string {
  return `line ${row.line}: ${reasonText(errors)}`;
}

function reasonText(errors: readonly RowError[]): string {
  return errors.map(({ field, message }) => (field === '' ? message : `${field} ${message}`)).join('; ');
}

/**
 * Keeps the refused rows in a file, one JSON object per line: `line`, `reason` for people, `errors` for programs, and
 * `row`, the text of the row as it stands in the import.
 *
 * @throws {CannotRunError} when the file cannot be written, or is the one that is imported.
 */
export function refusedRowsFile(file: string, imported: string): RefusedRows {
  if (imported !== '-' && realPath(file) === realPath(imported)) {
    throw new CannotRunError(`--errors ${file} would overwrite the file to import`);
  }
  const descriptor = open(file);
  return {
    add(row, errors) {
      const entry = { line: row.line, reason: reasonText(errors), errors, row: row.bytes.toString('utf8') };
      writeSync(descriptor, `${JSON.stringify(entry)}\n`);
    },
    close() {
      closeSync(descriptor);
    },
  };
}

function open(file: string): number {
  try {
    return openSync(file, 'w');
  } catch (error) {
    throw new CannotRunError(`cannot write ${file}: ${String(error)}`, { cause: error });
  }
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
