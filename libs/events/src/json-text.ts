import type { Path } from './field-error';

const QUOTE = 34;
const BACKSLASH = 92;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;

/** Characters of a number: digits, sign, point, exponent. */
function endOfNumber(json: string, from: number): number {
  let at = from;
  while (at < json.length && '0123456789+-.eE'.includes(json[at] ?? '')) at += 1;
  return at;
}

function endOfString(json: string, from: number): number {
  let at = from + 1;
  while (at < json.length && json.charCodeAt(at) !== QUOTE) at += json.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at + 1;
}

function isWide(literal: string): boolean {
  return literal.length > 15 && /^-?\d+$/.test(literal) && !Number.isSafeInteger(Number(literal));
}

/** The same JSON with 1e999 for each integer that a double cannot hold: JSON.parse makes Infinity of that. */
function markWideIntegers(json: string): string {
  let marked = '';
  let copied = 0;
  let at = 0;
  while (at < json.length) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(json, at);
    } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const end = endOfNumber(json, at);
      if (isWide(json.slice(at, end))) {
        marked += `${json.slice(copied, at)}1e999`;
        copied = end;
      }
      at = end;
    } else at += 1;
  }
  return marked + json.slice(copied);
}

/**
 * A JSON text that `JSON.parse` has already taken, for what it does not tell: it gives the same double for
 * 9007199254740993 and 9007199254740992.0, and only the source tells a promise of exactness from an approximation.
 */
export class JsonText {
  private marked: { readonly value: unknown } | undefined;

  constructor(private readonly text: string) {}

  /**
   * True when the number at `path` is written as an integer that a double cannot hold. The first question reads the text
   * once more, 5 MB in 0.1 s; those that follow only walk to their value, so a text full of suspects costs no more.
   */
  isWideInteger(path: Path): boolean {
    this.marked ??= { value: JSON.parse(markWideIntegers(this.text)) };
    let here: unknown = this.marked.value;
    for (const step of path) {
      if (typeof here !== 'object' || here === null) return false;
      here = (here as Record<string | number, unknown>)[step];
    }
    return here === Infinity;
  }
}
