import type { FieldErrorCode } from './field-error';

const MAX_LABEL = 200;
// C0, DEL and C1: they have no place in a name, and break terminals and log lines.
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** A code point takes one or two UTF-16 units, so counting is needed only in between. */
function longerThan(text: string, codePoints: number): boolean {
  if (text.length <= codePoints) return false;
  return text.length > 2 * codePoints || Array.from(text).length > codePoints;
}

/** What is wrong with a name: it must have 1 to 200 code points without control characters. Undefined when nothing is. */
export function labelProblem(text: string): { readonly code: FieldErrorCode; readonly message: string } | undefined {
  if (text === '' || longerThan(text, MAX_LABEL))
    return { code: 'length', message: `must have 1 to ${MAX_LABEL} characters` };
  if (CONTROL.test(text)) return { code: 'control_character', message: 'must not contain control characters' };
  if (!text.isWellFormed()) return { code: 'lone_surrogate', message: 'contains half of a surrogate pair' };
  return undefined;
}
