import {
  JSONB_VERSION,
  MAX_DECIMAL_BYTES,
  writeDecimal,
  writeInt4,
  writeInt8,
  writeText,
  writeTimestamp,
  writeUuid,
} from './binary-values';

/** Message `CopyData`: its letter, its length without the letter, any part of the data. */
const MESSAGE = 'd'.charCodeAt(0);
const MESSAGE_BYTES = 5;

/** Signature, no flags, no header extension. */
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');

const SIZE_BYTES = 4;

/** Small enough for the allocator to use it again: larger ones are new pages of the system each time. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Rows in the binary form of COPY, as the messages that carry it
 * (https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-BINARY-FORMAT). Columns are written one after the other,
 * each row begun by `begin`.
 */
export class CopyRows {
  private readonly full: Buffer[] = [];
  private chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  private at = MESSAGE_BYTES;

  constructor(private readonly columns: number) {
    this.at += HEADER.copy(this.chunk, this.at);
  }

  begin(): this {
    this.reserve(2);
    this.at = this.chunk.writeInt16BE(this.columns, this.at);
    return this;
  }

  /** @throws {StoreRefusedError} as the server would, for a number that is no int4. */
  int4(value: number): this {
    const at = this.field(4);
    writeInt4(this.chunk, value, at);
    return this;
  }

  /** @param value a safe integer. */
  int8(value: number): this {
    const at = this.field(8);
    writeInt8(this.chunk, value, at);
    return this;
  }

  timestamptz(value: Date): this {
    const at = this.field(8);
    writeTimestamp(this.chunk, value.getTime(), at);
    return this;
  }

  /** @param value in its canonical form. */
  uuid(value: string | undefined): this {
    if (value === undefined) return this.null();
    const at = this.field(16);
    writeUuid(this.chunk, value, at);
    return this;
  }

  text(value: string | undefined): this {
    if (value === undefined) return this.null();
    this.reserve(SIZE_BYTES + value.length * 3);
    return this.sized(writeText(this.chunk, value, this.at + SIZE_BYTES));
  }

  /** @param value a JSON text. */
  jsonb(value: string | undefined): this {
    if (value === undefined) return this.null();
    this.reserve(SIZE_BYTES + 1 + value.length * 3);
    this.chunk[this.at + SIZE_BYTES] = JSONB_VERSION;
    return this.sized(1 + writeText(this.chunk, value, this.at + SIZE_BYTES + 1));
  }

  /** @param value an amount, see `writeDecimal`. */
  numeric(value: number | undefined): this {
    if (value === undefined) return this.null();
    this.reserve(SIZE_BYTES + MAX_DECIMAL_BYTES);
    return this.sized(writeDecimal(this.chunk, value, this.at + SIZE_BYTES));
  }

  /** The messages, in order. Nothing may be written any more. */
  messages(): readonly Buffer[] {
    this.reserve(2);
    this.at = this.chunk.writeInt16BE(-1, this.at);
    this.endChunk();
    return this.full;
  }

  private null(): this {
    this.reserve(SIZE_BYTES);
    this.at = this.chunk.writeInt32BE(-1, this.at);
    return this;
  }

  /** @returns where its value goes. */
  private field(size: number): number {
    this.reserve(SIZE_BYTES + size);
    const at = this.chunk.writeInt32BE(size, this.at);
    this.at = at + size;
    return at;
  }

  /** The value is written, behind the place of its size. */
  private sized(size: number): this {
    this.at = this.chunk.writeInt32BE(size, this.at) + size;
    return this;
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.chunk.length) return;
    this.endChunk();
    this.chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, MESSAGE_BYTES + bytes));
    this.at = MESSAGE_BYTES;
  }

  private endChunk(): void {
    this.chunk[0] = MESSAGE;
    this.chunk.writeInt32BE(this.at - 1, 1);
    this.full.push(this.chunk.subarray(0, this.at));
  }
}
