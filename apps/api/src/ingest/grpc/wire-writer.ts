import { WireType } from './wire-reader';

const FIRST_BYTES = 256;

/** Writes the protobuf wire format. */
export class WireWriter {
  private buffer = Buffer.allocUnsafe(FIRST_BYTES);
  private length = 0;

  finish(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** Leaves 0 out, which is the default. */
  int32(field: number, value: number): this {
    if (value === 0) return this;
    this.reserve(10);
    this.varint(field * 8 + WireType.varint);
    this.varint(value);
    return this;
  }

  /** Leaves the empty text out, which is the default. */
  string(field: number, text: string): this {
    return text === '' ? this : this.element(field, text);
  }

  /** One of a repeated field: the empty text counts. */
  element(field: number, text: string): this {
    const bytes = Buffer.byteLength(text);
    this.reserve(15 + bytes);
    this.varint(field * 8 + WireType.delimited);
    this.varint(bytes);
    this.length += this.buffer.write(text, this.length);
    return this;
  }

  bytes(field: number, value: Buffer): this {
    this.reserve(15 + value.length);
    this.varint(field * 8 + WireType.delimited);
    this.varint(value.length);
    this.length += value.copy(this.buffer, this.length);
    return this;
  }

  private varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.buffer[this.length] = (rest & 127) | 128;
      this.length += 1;
      rest >>>= 7;
    }
    this.buffer[this.length] = rest;
    this.length += 1;
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + bytes));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}
