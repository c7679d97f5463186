/** Stable codes of what can be wrong with a field; public contract, the message is for people. */
export type FieldErrorCode =
  | 'required'
  | 'type'
  | 'unknown_field'
  | 'conflict'
  | 'format'
  | 'length'
  | 'control_character'
  | 'nul'
  | 'lone_surrogate'
  | 'number'
  | 'decimals'
  | 'range'
  | 'future'
  | 'depth'
  | 'size';

/** One refusal of one event. */
export interface FieldError {
  /** Path of the value: `name`, `data.items[3].price`, `data["a.b"]`; empty for the event itself. */
  readonly field: string;
  readonly code: FieldErrorCode;
  readonly message: string;
}

export type Path = readonly (string | number)[];

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** Writes a path as clients read it; odd keys are quoted as JSON, so that the path has one meaning only. */
export function fieldPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (PLAIN_KEY.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

const MAX_ERRORS = 10;

/** Collects what is wrong with one event; keeps the first 10, so that an answer stays bounded. */
export class FieldErrors {
  readonly list: FieldError[] = [];

  get full(): boolean {
    return this.list.length >= MAX_ERRORS;
  }

  add(path: Path, code: FieldErrorCode, message: string): void {
    if (!this.full) this.list.push({ field: fieldPath(path), code, message });
  }
}
