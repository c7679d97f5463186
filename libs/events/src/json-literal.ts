import type { Path } from './field-error';

/**
 * Finds the source text of the number at `path` in a JSON text that `JSON.parse` has already taken, so nothing is
 * checked again. `JSON.parse` gives the same double for 9007199254740993 and 9007199254740992.0; only the source
 * tells a promise of exactness from an approximation. Called for suspects only, never on the hot path.
 *
 * @returns undefined when there is no number there.
 */
export function numberLiteralAt(json: string, path: Path): string | undefined {
  const scanner = new Scanner(json);
  for (const step of path) {
    const found = typeof step === 'number' ? scanner.enterItem(step) : scanner.enterMember(step);
    if (!found) return undefined;
  }
  return scanner.numberHere();
}

/** Walks a valid JSON text; `at` is always the first character of a value or of what follows one. */
class Scanner {
  private at = 0;

  constructor(private readonly json: string) {
    this.skipSpace();
  }

  numberHere(): string | undefined {
    return /^-?[0-9][0-9.eE+-]*/.exec(this.json.slice(this.at, this.at + 400))?.[0];
  }

  enterItem(index: number): boolean {
    if (!this.open('[')) return false;
    for (let skipped = 0; skipped < index; skipped += 1) {
      this.skipValue();
      if (!this.comma()) return false;
    }
    return this.json[this.at] !== ']';
  }

  /** Duplicate keys: the last wins, as in JSON.parse. */
  enterMember(key: string): boolean {
    if (!this.open('{')) return false;
    let found: number | undefined;
    while (this.json[this.at] !== '}') {
      const from = this.at;
      this.skipString();
      const name: unknown = JSON.parse(this.json.slice(from, this.at));
      this.skipSpace();
      this.at += 1; // the colon
      this.skipSpace();
      if (name === key) found = this.at;
      this.skipValue();
      if (!this.comma()) break;
    }
    if (found === undefined) return false;
    this.at = found;
    return true;
  }

  private open(bracket: '[' | '{'): boolean {
    if (this.json[this.at] !== bracket) return false;
    this.at += 1;
    this.skipSpace();
    return true;
  }

  private comma(): boolean {
    if (this.json[this.at] !== ',') return false;
    this.at += 1;
    this.skipSpace();
    return true;
  }

  private skipSpace(): void {
    while (' \t\n\r'.includes(this.json[this.at] ?? 'x')) this.at += 1;
  }

  private skipString(): void {
    this.at += 1;
    while (this.json[this.at] !== '"') this.at += this.json[this.at] === '\\' ? 2 : 1;
    this.at += 1;
  }

  private skipValue(): void {
    let depth = 0;
    do {
      const character = this.json[this.at];
      if (character === '"') this.skipString();
      else {
        if (character === '{' || character === '[') depth += 1;
        if (character === '}' || character === ']') depth -= 1;
        this.at += 1;
      }
      if (depth === 0 && ',]}'.includes(this.json[this.at] ?? ',')) break;
    } while (this.at < this.json.length);
    this.skipSpace();
  }
}
