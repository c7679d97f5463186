const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
const OPEN = new Set([91, 123]);
const CLOSE = new Set([93, 125]);
const SPACE = new Set([9, 10, 13, 32]);

/** Where a member of an object, or an element of an array, stands in its JSON text. */
export interface Span {
  /** Undefined for an element. */
  readonly key: string | undefined;
  /** Of the whole member, its key included. */
  readonly from: number;
  /** Of its value. */
  readonly start: number;
  readonly end: number;
}

/** Behind the string that begins at `from`. */
export function endOfString(json: string, from: number): number {
  let at = from + 1;
  while (at < json.length && json.charCodeAt(at) !== QUOTE) at += json.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at + 1;
}

function endOfValue(json: string, from: number): number {
  if (json.charCodeAt(from) === QUOTE) return endOfString(json, from);
  let depth = 0;
  let at = from;
  while (at < json.length) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(json, at);
      continue;
    }
    if (OPEN.has(code)) depth += 1;
    else if (CLOSE.has(code)) {
      depth -= 1;
      if (depth < 0) return at; // of what the value stands in
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (code === COMMA || SPACE.has(code))) return at;
    at += 1;
  }
  return at;
}

function skip(json: string, from: number, codes: ReadonlySet<number>): number {
  let at = from;
  while (codes.has(json.charCodeAt(at))) at += 1;
  return at;
}

const BETWEEN = new Set([...SPACE, COMMA]);
const AFTER_KEY = new Set([...SPACE, COLON]);

/** Most keys have nothing escaped, and are not worth a parser. */
function keyText(json: string, from: number, end: number): string {
  const quoted = json.slice(from, end);
  return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
}

/**
 * Shows the members of the object, or the elements of the array, that begins at `from`; none for any other value. In the
 * order of the text, and with those that a later one of the same key replaces. Neither recursive nor a list: a text of
 * 5 MiB may be nested a million times, or have a million members.
 *
 * @param json that `JSON.parse` has taken. Of any other text it shows something or other, or throws a SyntaxError.
 */
export function visitSpans(json: string, from: number, visit: (span: Span) => void): void {
  const first = skip(json, from, SPACE);
  if (!OPEN.has(json.charCodeAt(first))) return;
  const isObject = json[first] === '{';
  let at = skip(json, first + 1, BETWEEN);
  while (at < json.length && !CLOSE.has(json.charCodeAt(at))) {
    const keyEnd = isObject ? endOfString(json, at) : at;
    const key = isObject ? keyText(json, at, keyEnd) : undefined;
    const start = isObject ? skip(json, keyEnd, AFTER_KEY) : at;
    const end = endOfValue(json, start);
    visit({ key, from: at, start, end });
    at = skip(json, end, BETWEEN);
  }
}

/** The members of the object in `json` that have one of `keys`, as `JSON.parse` takes them: the last of each. */
export function membersOf(json: string, keys: ReadonlySet<string>): ReadonlyMap<string, Span> {
  const members = new Map<string, Span>();
  visitSpans(json, 0, (span) => {
    if (span.key !== undefined && keys.has(span.key)) members.set(span.key, span);
  });
  return members;
}
