import type { NewDeadLetter } from './insert-batch';

/** As JSON: name → values in base64, since a header may hold any bytes and occur more than once. */
export function toHeadersColumn(headers: NewDeadLetter['headers']): string {
  const pairs = Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const values = Buffer.isBuffer(value) ? [value] : value;
    return [[storableName(name), values.map((bytes) => bytes.toString('base64'))] as const];
  });
  // Not an object literal: `__proto__` is a header name like any other.
  return JSON.stringify(Object.fromEntries(pairs));
}

export function fromHeadersColumn(column: object): Record<string, Buffer[]> {
  const pairs = Object.entries(column as Record<string, string[]>).map(
    ([name, values]) => [name, values.map((text) => Buffer.from(text, 'base64'))] as const,
  );
  return Object.fromEntries(pairs);
}

/** A dead letter must be storable whatever the record was, and jsonb takes neither NUL nor half a surrogate pair. */
function storableName(name: string): string {
  return name.toWellFormed().replaceAll('\0', '\uFFFD');
}
