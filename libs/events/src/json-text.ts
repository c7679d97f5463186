import type { Path } from './field-error';
import { endOfString } from './json-spans';

const QUOTE = 34;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;

/** Characters of a number: digits, sign, point, exponent. */
function endOfNumber(json: string, from: number): number {
  let at = from;
  while (at < json.length && '0123456789+-.eE'.includes(json[at] ?? '')) at += 1;
  return at;
}

function isWide(literal: string): boolean {
  return literal.length > 15 && /^-?\d+$/.test(literal) && !Number.isSafeInteger(Number(literal));
}

/** The same JSON with another literal for each integer that a double cannot hold. */
function replaceWideIntegers(json: string, literalFor: (wide: string) => string): string {
  let replaced = '';
  let copied = 0;
  let at = 0;
  while (at < json.length) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(json, at);
    } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const end = endOfNumber(json, at);
      const literal = json.slice(at, end);
      if (isWide(literal)) {
        replaced += json.slice(copied, at) + literalFor(literal);
        copied = end;
      }
      at = end;
    } else at += 1;
  }
  return replaced + json.slice(copied);
}

/**
 * JSON of `JSON.stringify` as an event may be sent again: it writes 1e20 as an integer, which promises an exactness that no
 * double has and is refused; with a fraction it is the same number.
 */
export function withWideFractions(json: string): string {
  return /\d{16}/.test(json) ? replaceWideIntegers(json, (wide) => `${wide}.0`) : json;
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
    // JSON.parse makes Infinity of 1e999.
    this.marked ??= { value: JSON.parse(replaceWideIntegers(this.text, () => '1e999')) };
    let here: unknown = this.marked.value;
    for (const step of path) {
      if (typeof here !== 'object' || here === null) return false;
      here = (here as Record<string | number, unknown>)[step];
    }
    return here === Infinity;
  }
}
