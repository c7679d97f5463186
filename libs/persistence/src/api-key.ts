import { createHmac, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The parts of a presented key. */
export interface ApiKeyParts {
  /** Public name of the key: may stand in logs, is looked up in the database. */
  readonly id: string;
  readonly secret: string;
}

const FORM = /^(mr_([0-9A-Za-z]{12})_([0-9A-Za-z]{43}))_([0-9a-z]{7})$/;
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A number of `bytes` in base 62, `length` digits: no character needs quoting in a shell, a URL or a header. */
function base62(bytes: Buffer, length: number): string {
  let rest = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (let digit = 0; digit < length; digit += 1) {
    text = (DIGITS[Number(rest % 62n)] ?? '') + text;
    rest /= 62n;
  }
  return text;
}

/** Tells a mistyped key from a wrong one without asking the database. */
function checksum(text: string): string {
  return crc32(text).toString(36).padStart(7, '0');
}

/** A new key, `mr_<id>_<secret>_<checksum>`: 64 random bits of id, 256 random bits of secret. */
export function mintApiKey(): ApiKeyParts & { readonly text: string } {
  const id = base62(randomBytes(8), 12);
  const secret = base62(randomBytes(32), 43);
  const body = `mr_${id}_${secret}`;
  return { id, secret, text: `${body}_${checksum(body)}` };
}

/** The parts of a key, or undefined when the text is none or was mistyped. */
export function readApiKey(text: string): ApiKeyParts | undefined {
  const [, body, id, secret, sum] = FORM.exec(text) ?? [];
  if (body === undefined || id === undefined || secret === undefined || checksum(body) !== sum) return undefined;
  return { id, secret };
}

/**
 * What is stored of a key: HMAC-SHA-256 under the pepper. A slow password hash would add nothing, since the secret has
 * 256 random bits.
 */
export function hashApiKeySecret(secret: string, pepper: string): Buffer {
  return createHmac('sha256', pepper).update(secret).digest();
}
