import type { IncomingHttpHeaders } from 'node:http';
import { problems, ProblemError } from '../../transport/problem';

const VISIBLE = /^[\x21-\x7e]{1,255}$/;

/**
 * The `Idempotency-Key` of a request, as it was sent, quotes included: ids are made of it (docs/identity.md).
 *
 * @returns undefined when there is none.
 * @throws {ProblemError} 422 unless it has 1 to 255 visible ASCII characters.
 */
export function readIdempotencyKey(headers: IncomingHttpHeaders): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && VISIBLE.test(key)) return key;
  const message = 'must have 1 to 255 visible ASCII characters';
  const error = { field: 'Idempotency-Key', code: 'format', message };
  throw new ProblemError(problems.invalid(`The header Idempotency-Key ${message}.`, [error]));
}
