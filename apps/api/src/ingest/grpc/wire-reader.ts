import { isUtf8 } from 'node:buffer';

/** Bytes that are no protobuf message of the expected form; the message says why. */
export class MalformedMessageError extends Error {}

export const WireType = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const;

const TWO_32 = 4_294_967_296;

/**
 * Reads the protobuf wire format (protobuf.dev/programming-guides/encoding). Ours, since protobufjs replaces what is no
 * UTF-8 by U+FFFD, and so would store what was not sent, and makes 2 million objects of a message of 4 MB that holds
 * nothing but empty events.
 */
export class WireReader {
  private at: number;

  constructor(
    private readonly bytes: Buffer,
    from = 0,
    private readonly end = bytes.length,
  ) {
    this.at = from;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  /** Number of the next field times 8, plus its wire type. */
  tag(): number {
    const tag = this.varint();
    if (tag < 8 || tag >= TWO_32) throw new MalformedMessageError('it has a field without a number');
    return tag;
  }

  /** A 64-bit integer with a sign; beyond 2^53 the nearest double. */
  varint(): number {
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index += 1) {
      const byte = this.byte();
      const bits = byte & 127;
      if (index < 4) low |= bits << (7 * index);
      else if (index === 4) {
        low |= bits << 28;
        high = bits >> 4;
      } else high |= bits << (7 * index - 32);
      if (byte < 128) return high * TWO_32 + (low >>> 0);
    }
    throw new MalformedMessageError('it has an integer of more than 10 bytes');
  }

  double(): number {
    return this.bytes.readDoubleLE(this.skipped(8));
  }

  /** @throws {MalformedMessageError} for what is no UTF-8 (protobuf: "must always contain UTF-8 encoded text"). */
  string(): string {
    const length = this.varint();
    const from = this.skipped(length);
    const text = this.bytes.toString('utf8', from, this.at);
    if (text.includes('\ufffd') && !isUtf8(this.bytes.subarray(from, this.at)))
      throw new MalformedMessageError('it has a string that is not valid UTF-8');
    return text;
  }

  /** A reader of the message that comes next. */
  message(): WireReader {
    const length = this.varint();
    const from = this.skipped(length);
    return new WireReader(this.bytes, from, this.at);
  }

  private byte(): number {
    return this.bytes[this.skipped(1)] ?? 0;
  }

  /** Where the next so many bytes begin; goes past them. */
  private skipped(length: number): number {
    const from = this.at;
    if (length < 0 || length > this.end - from) throw new MalformedMessageError('it ends too soon');
    this.at = from + length;
    return from;
  }
}
