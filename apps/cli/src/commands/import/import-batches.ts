import { isUtf8 } from 'node:buffer';
import { csvEventId } from '@app/events';
import { CannotRunError } from '../../cannot-run.error';
import { CsvSyntaxError, parseFields } from './csv-fields';
import { columnsFromHeader, CsvHeaderError, type CsvColumns } from './csv-header';
import { eventJsonFromLine } from './event-line.convert';
import { eventJsonFromRow, type ConvertedRow } from './event-row.convert';
import { RecordSplitter, type CsvRecord } from './record-splitter';

/** One row of the file, ready to be sent, or with what keeps it from that. */
export interface ImportRow {
  /** Line of the file that it begins on, the first being 1. */
  readonly line: number;
  readonly bytes: Buffer;
  readonly converted: ConvertedRow;
}

/** Rows that are dealt with together, in the order of the file; the bad ones among them. */
export type ImportBatch = readonly ImportRow[];

/** Below the 5,242,880 bytes that a request may have; also what one batch holds of the file, good or bad. */
const BATCH_BYTES = 5_000_000;

/** @throws {CannotRunError} when the file has no header that can be understood. */
export async function* importBatches(chunks: AsyncIterable<Buffer>, batchSize: number): AsyncGenerator<ImportBatch> {
  const reader = new RowReader();
  const collected = new BatchCollector(batchSize);
  for await (const chunk of chunks) {
    for (const row of reader.rows(chunk)) yield* collected.add(row);
  }
  for (const row of reader.rest()) yield* collected.add(row);
  yield* collected.take();
}

class BatchCollector {
  private rows: ImportRow[] = [];
  private bytes = 0;

  constructor(private readonly batchSize: number) {}

  *add(row: ImportRow): Generator<ImportBatch> {
    const json = row.converted.ok ? Buffer.byteLength(row.converted.json) : 0;
    const bytes = Math.max(json, row.bytes.length) + 1;
    if (this.bytes + bytes > BATCH_BYTES) yield* this.take();
    this.rows.push(row);
    this.bytes += bytes;
    if (this.rows.length === this.batchSize) yield* this.take();
  }

  *take(): Generator<ImportBatch> {
    const { rows } = this;
    this.rows = [];
    this.bytes = 0;
    if (rows.length > 0) yield rows;
  }
}

class RowReader {
  private readonly splitter = new RecordSplitter(BATCH_BYTES);
  private columns: CsvColumns | undefined;

  *rows(chunk: Buffer): Generator<ImportRow> {
    for (const record of this.splitter.split(chunk)) yield* this.read(record);
  }

  *rest(): Generator<ImportRow> {
    for (const record of this.splitter.end()) yield* this.read(record);
    if (this.columns === undefined && !this.splitter.isNdjson)
      throw new CannotRunError('the file is empty; its first line must name the columns');
  }

  private *read(record: CsvRecord): Generator<ImportRow> {
    const { columns } = this;
    if (columns !== undefined) yield this.row(record, (text, id) => eventJsonFromRow(text, columns, id));
    else if (this.splitter.isNdjson) yield this.row(record, eventJsonFromLine);
    else this.columns = readHeader(record);
  }

  private row(record: CsvRecord, convert: (text: string, eventId: () => string) => ConvertedRow): ImportRow {
    const { line, bytes } = record;
    const problem = record.problem ?? encodingProblem(bytes);
    if (problem !== undefined)
      return { line, bytes, converted: { ok: false, errors: [{ field: '', code: 'csv', message: problem }] } };
    const text = bytes.toString('utf8');
    return { line, bytes, converted: convert(text, () => csvEventId(this.splitter.digest())) };
  }
}

function encodingProblem(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? undefined : 'the row is not valid UTF-8';
}

function readHeader(record: CsvRecord): CsvColumns {
  const problem = record.problem ?? encodingProblem(record.bytes);
  if (problem !== undefined) throw new CannotRunError(`the header cannot be read: ${problem}`);
  try {
    return columnsFromHeader(parseFields(record.bytes.toString('utf8').replace(/^\ufeff/, '')));
  } catch (error) {
    if (!(error instanceof CsvHeaderError || error instanceof CsvSyntaxError)) throw error;
    throw new CannotRunError(`the header cannot be read: ${error.message}`, { cause: error });
  }
}
