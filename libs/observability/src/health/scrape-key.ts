import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The key that a scrape of `/metrics` must bring as a Bearer token, when there is one. */
export class ScrapeKey {
  private readonly expected: Buffer | undefined;

  constructor(key: string | undefined) {
    this.expected = key === undefined ? undefined : digest(key);
  }

  permits(request: IncomingMessage): boolean {
    if (this.expected === undefined) return true;
    const [scheme, token = ''] = request.headers.authorization?.split(' ') ?? [];
    return scheme?.toLowerCase() === 'bearer' && timingSafeEqual(digest(token), this.expected);
  }
}

/** Of equal length, as the comparison needs them. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
