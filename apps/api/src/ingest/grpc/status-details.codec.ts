import type { Problem, ProblemDetail } from '../../transport/problem';
import { WireWriter } from './wire-writer';

/** Details travel in a header: 8 KiB is what many clients take of all headers together. */
const MAX_VIOLATION_BYTES = 3000;
const MAX_TEXT = 200;

/**
 * `google.rpc.Status` for the trailer `grpc-status-details-bin`: `ErrorInfo` (reason, request id) always, `BadRequest`
 * with what fits of the errors, `RetryInfo` where waiting helps.
 */
export function encodeStatusDetails(code: number, problem: Problem, requestId: string): Buffer {
  const status = new WireWriter().int32(1, code).string(2, shortened(problem.detail));
  const add = (type: string, value: WireWriter): void => {
    const any = new WireWriter().string(1, `type.googleapis.com/google.rpc.${type}`).bytes(2, value.finish());
    status.bytes(3, any.finish());
  };
  const origin = new WireWriter().string(1, 'request_id').string(2, requestId);
  const reason = problem.code.toUpperCase().replaceAll('-', '_');
  add('ErrorInfo', new WireWriter().string(1, reason).string(2, 'millrace').bytes(3, origin.finish()));
  if (problem.errors !== undefined) add('BadRequest', badRequest(problem.errors));
  const retryAfter = Number(problem.headers?.['Retry-After'] ?? 0);
  if (retryAfter > 0) add('RetryInfo', new WireWriter().bytes(1, new WireWriter().int32(1, retryAfter).finish()));
  return status.finish();
}

function badRequest(errors: readonly ProblemDetail[]): WireWriter {
  const writer = new WireWriter();
  let bytes = 0;
  for (const error of errors) {
    const violation = new WireWriter()
      .string(1, shortened(violationField(error)))
      .string(2, shortened(error.message))
      .string(3, error.code)
      .finish();
    bytes += violation.length;
    if (bytes > MAX_VIOLATION_BYTES) break;
    writer.bytes(1, violation);
  }
  return writer;
}

/** Path of the value within the request: `events[3].name`, `event.name`. */
export function violationField({ index, field }: ProblemDetail): string {
  if (field === 'events') return field;
  const event = index === undefined ? 'event' : `events[${index}]`;
  return field === '' ? event : `${event}.${field}`;
}

/** A path holds keys of the client's choice, which may be long. Never ends in half of a surrogate pair. */
export function shortened(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT).toWellFormed()}…`;
}
