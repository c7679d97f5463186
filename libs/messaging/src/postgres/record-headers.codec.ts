import type { RecordHeaders } from '../log-record';

const LENGTH_BYTES = 4;

/**
 * Headers as they are kept in `log_records.headers`: for each value its name and itself, each behind its length in bytes
 * (unsigned, 32 bits, big-endian); the values of a header that occurs more than once follow each other.
 *
 * Bytes and not jsonb, which takes no NUL and would need base64: 70 bytes per record instead of 112, and nothing for
 * the server to parse.
 */
export function encodeHeaders(headers: RecordHeaders): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const nameBytes = Buffer.from(name);
    for (const bytes of Buffer.isBuffer(value) ? [value] : value) {
      parts.push(lengthOf(nameBytes), nameBytes, lengthOf(bytes), bytes);
    }
  }
  return Buffer.concat(parts);
}

export function decodeHeaders(column: Buffer): RecordHeaders {
  const headers = new Map<string, Buffer | Buffer[]>();
  let at = 0;
  const next = (): Buffer => {
    const start = at + LENGTH_BYTES;
    at = start + column.readUInt32BE(at);
    return column.subarray(start, at);
  };
  while (at < column.length) {
    const name = next().toString();
    const value = next();
    const known = headers.get(name);
    if (known === undefined) headers.set(name, value);
    else headers.set(name, Array.isArray(known) ? [...known, value] : [known, value]);
  }
  // Not by assignment: `__proto__` is a header name like any other.
  return Object.fromEntries(headers);
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeUInt32BE(bytes.length);
  return length;
}
