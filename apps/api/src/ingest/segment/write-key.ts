import { membersOf } from '@app/events';
import type { IncomingMessage } from 'node:http';
import { notePresentedKey, presentedKey } from '../../transport/auth/authorize';

/** The user of Basic credentials, which is where Segment's libraries put the key; they leave the password empty. */
function basicUser(credentials: string): string {
  return Buffer.from(credentials, 'base64').toString('utf8').split(':')[0] ?? '';
}

/** What `Authorization` shows, even when that is nothing: whoever names a scheme shows a key there and not elsewhere. */
function authorizationKey({ headers }: IncomingMessage): string | undefined {
  const [scheme = '', credentials = ''] = headers.authorization?.trim().split(/ +/) ?? [];
  if (scheme.toLowerCase() === 'basic') return basicUser(credentials);
  return scheme.toLowerCase() === 'bearer' ? credentials : undefined;
}

/**
 * The key in the headers of a request: Basic, else Bearer, else `X-API-Key`. The first of them that is there counts,
 * right or wrong.
 */
export function headerKey(request: IncomingMessage): string | undefined {
  const key = authorizationKey(request) ?? presentedKey(request);
  if (key !== undefined) notePresentedKey(request, key);
  return key;
}

const WRITE_KEY: ReadonlySet<string> = new Set(['writeKey']);

function writeKeyIn(text: string): string | undefined {
  try {
    const span = membersOf(text, WRITE_KEY).get('writeKey');
    if (span === undefined || text[span.start] !== '"') return undefined;
    return JSON.parse(text.slice(span.start, span.end)) as string;
  } catch {
    return undefined; // the text is no JSON
  }
}

/**
 * The key in the body of a request, where browsers put it. Found without parsing the body: until the key is known, anybody
 * may have written it.
 */
export function bodyKey(request: IncomingMessage, text: string): string | undefined {
  const key = writeKeyIn(text);
  if (key !== undefined) notePresentedKey(request, key);
  return key;
}
