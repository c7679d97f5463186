import { uuidV5 } from './uuid';

/** Published: ids made in it must stay the same for ever, or an import run again would store its rows twice. */
export const CSV_NAMESPACE = '6793fac3-3163-413a-8599-05f07d93fe78';

/**
 * The id of a CSV row that brings none: UUIDv5 of the SHA-256 over all bytes of the file from its first one (a byte
 * order mark and the header included; a compressed file counts as what it inflates to) to the last one of the row,
 * without the row's own line ending. So the same row twice in a file is two events, the same file again adds nothing,
 * and a file that has grown since adds its new rows only, also when its last line had no line ending before.
 *
 * @param sha256 the digest in lower-case hexadecimal, 64 characters; its UTF-8 bytes are the name within the namespace.
 */
export function csvEventId(sha256: string): string {
  return uuidV5(CSV_NAMESPACE, Buffer.from(sha256, 'utf8'));
}
