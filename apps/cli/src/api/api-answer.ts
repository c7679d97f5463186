/** What came back over the wire for one request, or why nothing did. */
export type ApiReply =
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfter: string | undefined; readonly body: string }
  | { readonly kind: 'no-answer'; readonly reason: string };

/** One reason for which the API refused an event. */
export interface Refusal {
  readonly field: string;
  readonly code: string;
  readonly message: string;
}

export type EventOutcome =
  { readonly accepted: true } | { readonly accepted: false; readonly errors: readonly Refusal[] };

/** What an answer means for the events of the request. */
export type BatchOutcome =
  /** One outcome per event, in order. */
  | { readonly kind: 'settled'; readonly outcomes: readonly EventOutcome[] }
  /** The request as a whole was refused, for its size or for something in one of its events. */
  | { readonly kind: 'refused'; readonly reason: Refusal }
  /** Nobody knows whether the events are stored; sending the same ids again is safe. */
  | { readonly kind: 'unknown'; readonly reason: string; readonly retryAfterMs: number | undefined }
  /** The key has sent too much: nothing of the request was taken, and it will be after the wait. */
  | { readonly kind: 'limited'; readonly reason: string; readonly retryAfterMs: number | undefined }
  /** Sending again cannot help. */
  | { readonly kind: 'hopeless'; readonly reason: string };

/** Reads an answer of `POST /api/v1/events` to an array of `count` events. Pure. */
export function readBatchReply(reply: ApiReply, count: number): BatchOutcome {
  if (reply.kind === 'no-answer') return { kind: 'unknown', reason: reply.reason, retryAfterMs: undefined };
  const { status } = reply;
  const problem = objectFrom(reply.body);
  const said = `${status}${detailOf(problem)}`;
  switch (status) {
    case 202: {
      const outcomes = outcomesOfAccepted(problem, count);
      return outcomes ?? { kind: 'hopeless', reason: 'the answer is not one of a Millrace API; is the URL right?' };
    }
    case 422:
      return outcomesOfRefused(problem, count) ?? { kind: 'refused', reason: refusalOf(status, said) };
    case 400:
    case 413:
      return { kind: 'refused', reason: refusalOf(status, said) };
    case 401:
    case 403:
      return { kind: 'hopeless', reason: `the API refuses the key: ${said}` };
    case 429:
      return { kind: 'limited', reason: said, retryAfterMs: delayOf(reply.retryAfter) };
    case 408:
      return { kind: 'unknown', reason: said, retryAfterMs: delayOf(reply.retryAfter) };
    default:
      if (status >= 500) return { kind: 'unknown', reason: said, retryAfterMs: delayOf(reply.retryAfter) };
      return { kind: 'hopeless', reason: `the API answers ${said}; is the URL right?` };
  }
}

function outcomesOfAccepted(answer: Record<string, unknown>, count: number): BatchOutcome | undefined {
  const ids = answer['event_ids'];
  if (!Array.isArray(ids) || ids.length !== count) return undefined;
  const refusals = refusalsByIndex(answer['errors']);
  const outcomes = ids.map((id, index): EventOutcome => {
    if (id !== null) return { accepted: true };
    return { accepted: false, errors: refusals.get(index) ?? [refusalOf(422, 'refused without a reason')] };
  });
  return { kind: 'settled', outcomes };
}

/** None was valid. Undefined when the errors do not tell events apart, so that the array itself was refused. */
function outcomesOfRefused(problem: Record<string, unknown>, count: number): BatchOutcome | undefined {
  const refusals = refusalsByIndex(problem['errors']);
  const outcomes: EventOutcome[] = [];
  for (let index = 0; index < count; index += 1) {
    const errors = refusals.get(index);
    if (errors === undefined) return undefined;
    outcomes.push({ accepted: false, errors });
  }
  return { kind: 'settled', outcomes };
}

function refusalsByIndex(errors: unknown): Map<number, Refusal[]> {
  const byIndex = new Map<number, Refusal[]>();
  for (const error of Array.isArray(errors) ? (errors as unknown[]) : []) {
    if (typeof error !== 'object' || error === null) continue;
    const { index, field, code, message } = error as Record<string, unknown>;
    if (typeof index !== 'number') continue;
    const refusal = { field: textOf(field), code: textOf(code), message: textOf(message) };
    byIndex.set(index, [...(byIndex.get(index) ?? []), refusal]);
  }
  return byIndex;
}

function refusalOf(status: number, message: string): Refusal {
  return { field: '', code: `http_${status}`, message: `the API answers ${message}` };
}

function objectFrom(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function detailOf(problem: Record<string, unknown>): string {
  const detail = textOf(problem['detail']) || textOf(problem['title']);
  return detail === '' ? '' : ` (${detail})`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** `Retry-After` in whole seconds, the only form that Millrace sends. */
function delayOf(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d{1,5}$/.test(retryAfter) ? Number(retryAfter) * 1000 : undefined;
}
