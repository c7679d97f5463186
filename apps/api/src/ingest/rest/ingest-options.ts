import { problems, ProblemError } from '../../transport/problem';

/** What the query of an ingest URL asks for. */
export interface UrlOptions {
  /** `atomic=true`: one refused event refuses all. */
  readonly atomic: boolean;
  /** `wait=stored`: the answer waits until PostgreSQL has the events. */
  readonly waitStored: boolean;
}

const NONE: UrlOptions = { atomic: false, waitStored: false };

/** The parameters and the values that each may have. */
const VALUES: ReadonlyMap<string, readonly string[]> = new Map([
  ['atomic', ['true', 'false']],
  ['wait', ['stored']],
]);

/**
 * Reads the query of a URL to which events are sent, alike on every HTTP door that has such parameters. One that comes
 * twice counts as its last.
 *
 * @param url as it stands in the request line.
 * @throws {ProblemError} 422 for an unknown parameter or value.
 */
export function readUrlOptions(url: string): UrlOptions {
  const query = url.indexOf('?');
  if (query === -1) return NONE; // nearly always
  const given = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(url.slice(query))) {
    const values = VALUES.get(name);
    if (values === undefined) throw refused(name, 'unknown_field', 'is not a parameter of this call');
    if (!values.includes(value)) throw refused(name, 'type', `must be ${values.join(' or ')}`);
    given.set(name, value);
  }
  return { atomic: given.get('atomic') === 'true', waitStored: given.has('wait') };
}

function refused(field: string, code: string, message: string): ProblemError {
  return new ProblemError(problems.invalid(`The parameter ${field} ${message}.`, [{ field, code, message }]));
}
