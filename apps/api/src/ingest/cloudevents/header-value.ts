import { isUtf8 } from 'node:buffer';

const QUOTED = /^"((?:[^"\\]|\\.)*)"$/s;
const PERCENT = /%[0-9a-f]{2}/gi;
// Printable ASCII without the percent sign: stands for itself.
const PLAIN = /^[\u0020-\u0024\u0026-\u007e]*$/;

function percentDecoded(value: string): Buffer {
  return Buffer.from(
    value.replace(PERCENT, (code) => String.fromCharCode(parseInt(code.slice(1), 16))),
    'latin1',
  );
}

/**
 * The text of a header's value, as the HTTP binding of CloudEvents 1.0.2 writes it (section 3.1.3.2): quotes are taken off,
 * then one round of percent-decoding. A percent sign that no two digits follow is one, since the npm package escapes none.
 *
 * @param value a character for each byte, as Node gives it.
 * @returns undefined when the bytes are not UTF-8.
 */
export function decodeHeaderValue(value: string): string | undefined {
  const unquoted = QUOTED.exec(value)?.[1]?.replace(/\\(.)/gs, '$1') ?? value;
  if (PLAIN.test(unquoted)) return unquoted;
  const bytes = percentDecoded(unquoted);
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}
