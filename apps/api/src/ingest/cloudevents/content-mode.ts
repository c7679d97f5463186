import type { IncomingHttpHeaders } from 'node:http';
import { problems, ProblemError } from '../../transport/problem';
import { readMediaType } from './media-type';

export type ContentMode = 'binary' | 'structured' | 'batched';

const PREFIX = 'application/cloudevents';
const MODES: ReadonlyMap<string, ContentMode> = new Map([
  ['application/cloudevents+json', 'structured'],
  ['application/cloudevents-batch+json', 'batched'],
]);

/** True when the request carries CloudEvents; asked of every request on the hot route, so it looks at little. */
export function carriesCloudEvents(headers: IncomingHttpHeaders): boolean {
  const type = headers['content-type'];
  if (type !== 'application/json' && type?.slice(0, PREFIX.length).toLowerCase() === PREFIX) return true;
  // Any of the four that an event must have: one that lacks the others is a bad CloudEvent, not a native body.
  return (headers['ce-id'] ?? headers['ce-specversion'] ?? headers['ce-type'] ?? headers['ce-source']) !== undefined;
}

/** @throws {ProblemError} 415 for a format that is not JSON, or a charset that is not UTF-8. */
export function contentModeOf(headers: IncomingHttpHeaders): ContentMode {
  const type = headers['content-type'];
  if (type?.slice(0, PREFIX.length).toLowerCase() !== PREFIX) return 'binary';
  const { essence, charset } = readMediaType(type);
  const mode = MODES.get(essence);
  if (mode === undefined) {
    throw new ProblemError(
      problems.unsupportedMediaType(`CloudEvents come as ${[...MODES.keys()].join(' or ')}, not as "${essence}".`),
    );
  }
  if (charset !== 'utf-8') throw new ProblemError(problems.unsupportedMediaType('JSON travels in UTF-8.'));
  return mode;
}
