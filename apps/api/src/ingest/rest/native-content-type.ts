import type { IncomingMessage } from 'node:http';
import { problems, ProblemError } from '../../transport/problem';

/** How the events of a body are written down. */
export type NativeForm = 'json' | 'ndjson';

const FORMS: ReadonlyMap<string, NativeForm> = new Map([
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
]);
const KNOWN = [...FORMS.keys()].join(' or ');

/**
 * The form that the Content-Type names, with no charset but UTF-8.
 *
 * @throws {ProblemError} 415, also when a body has no Content-Type.
 */
export function readContentType(request: IncomingMessage): NativeForm {
  const header = request.headers['content-type'];
  if (header === 'application/json') return 'json'; // nearly always: skip the parsing
  if (header === undefined) {
    // Without a body there is no form to name: what follows says that the JSON is missing.
    const empty =
      request.headers['transfer-encoding'] === undefined && Number(request.headers['content-length'] ?? 0) === 0;
    if (empty) return 'json';
    throw new ProblemError(problems.unsupportedMediaType(`The body needs a Content-Type: ${KNOWN}.`));
  }
  const [type = '', ...parameters] = header.split(';').map((part) => part.trim().toLowerCase());
  const form = FORMS.get(type);
  if (form === undefined) {
    throw new ProblemError(problems.unsupportedMediaType(`Content-Type must be ${KNOWN}, not "${type}".`));
  }
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  if (charset !== undefined && !/^"?utf-?8"?$/.test(charset)) {
    throw new ProblemError(problems.unsupportedMediaType('JSON travels in UTF-8.'));
  }
  return form;
}
