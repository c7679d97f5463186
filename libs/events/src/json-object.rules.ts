import type { JsonObject } from './event';
import type { FieldErrors, Path } from './field-error';

/** Bytes of compact JSON that `data` and `context` may have. */
export const MAX_OBJECT_BYTES = 262_144;
/** The object itself is 1, each object or array in it one more. */
export const MAX_DEPTH = 32;

/** Source text of the request, and where in it the event is, to tell 2^53 from 2^53.0. */
export interface JsonSource {
  /** One `JsonText` for all events of a request: it remembers what it has read. */
  readonly json: { isWideInteger(path: Path): boolean };
  readonly path: Path;
}

/** PostgreSQL cannot hold NUL in text or jsonb, and UTF-8 cannot hold half of a surrogate pair. */
function storableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

const SUSPECT = -1;

/**
 * Upper bound of the bytes of compact JSON, or SUSPECT when anything needs a closer look. One pass without building
 * paths or text: 0.3 µs for ten members, and nearly all events need no more than this.
 */
function boundBytes(value: unknown, depth: number): number {
  if (typeof value === 'string') return storableText(value) ? 2 + value.length * 6 : SUSPECT;
  if (typeof value === 'number')
    return Number.isInteger(value) === Number.isSafeInteger(value) && Number.isFinite(value) ? 25 : SUSPECT;
  if (typeof value !== 'object' || value === null) return 5;
  if (depth > MAX_DEPTH) return SUSPECT;
  let bytes = 2;
  if (Array.isArray(value)) {
    for (const item of value) {
      const inner = boundBytes(item, depth + 1);
      if (inner === SUSPECT) return SUSPECT;
      bytes += inner + 1;
    }
    return bytes;
  }
  const members = value as JsonObject;
  // for…in, since Object.entries makes an array a member; JSON.parse gives no inherited members that it could find.
  for (const key in members) {
    const inner = boundBytes(members[key], depth + 1);
    if (inner === SUSPECT || !storableText(key)) return SUSPECT;
    bytes += key.length * 6 + inner + 4;
  }
  return bytes;
}

/** Names every problem with its path. */
class Inspector {
  private readonly path: (string | number)[];

  constructor(
    root: string,
    private readonly errors: FieldErrors,
    private readonly source: JsonSource | undefined,
  ) {
    this.path = [root];
  }

  inspect(value: unknown, depth: number): void {
    if (this.errors.full) return;
    if (typeof value === 'string') this.text(value);
    else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'object' && value !== null) this.children(value, depth);
  }

  private children(value: object, depth: number): void {
    if (depth > MAX_DEPTH) {
      this.errors.add(this.path, 'depth', `is nested deeper than ${MAX_DEPTH}`);
      return;
    }
    const members: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
    for (const [key, member] of members) {
      this.path.push(key);
      if (typeof key === 'string') this.text(key);
      this.inspect(member, depth + 1);
      this.path.pop();
    }
  }

  private text(text: string): void {
    if (text.includes('\0')) this.errors.add(this.path, 'nul', 'contains the character NUL (\\u0000)');
    else if (!text.isWellFormed()) this.errors.add(this.path, 'lone_surrogate', 'contains half of a surrogate pair');
  }

  private number(value: number): void {
    const problem = numberProblem(value, this.source, this.path);
    if (problem !== undefined) this.errors.add(this.path, 'number', problem);
  }
}

/** What keeps a number from being stored and read back equal, or undefined. */
export function numberProblem(value: number, source: JsonSource | undefined, path: Path): string | undefined {
  if (!Number.isFinite(value)) return 'is beyond the range of a double';
  if (!Number.isInteger(value) || Number.isSafeInteger(value) || source === undefined) return undefined;
  return source.json.isWideInteger([...source.path, ...path])
    ? 'is an integer beyond ±(2^53 − 1), which a double cannot hold exactly; send it as a string'
    : undefined;
}

/**
 * Checks an object that is kept as it is, under the field's name `field`; adds what is wrong to `errors`.
 *
 * @param source the request's text; without it, integers beyond 2^53 pass as the doubles they are.
 */
export function checkObject(value: JsonObject, field: string, errors: FieldErrors, source?: JsonSource): void {
  const bound = boundBytes(value, 1);
  if (bound === SUSPECT) {
    const before = errors.list.length;
    new Inspector(field, errors, source).inspect(value, 1);
    // Full before this field: nothing could be added, and what is too deep must not go on to JSON.stringify.
    if (errors.list.length > before || errors.full) return;
  }
  if (bound !== SUSPECT && bound <= MAX_OBJECT_BYTES) return;
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes > MAX_OBJECT_BYTES) {
    errors.add([field], 'size', `has ${bytes} bytes of compact JSON, more than ${MAX_OBJECT_BYTES}`);
  }
}
