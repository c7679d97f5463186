import { uuidV5 } from './uuid';

/** Published in docs/identity.md: ids made in them must stay the same for ever, or what is sent again is stored twice. */
export const NAMESPACES = {
  cloudEvents: '32b3800c-a824-4471-9b82-23d843266a0f',
  segment: 'edce2b71-9038-4e2c-b905-588f0f6736a5',
  idempotencyKey: '497dba53-ec1f-4394-9542-936ea6e50077',
} as const;

/** @param parts joined by NUL, which none of them may hold: `a`, `bc` and `ab`, `c` are two names. */
function nameBasedId(namespace: string, parts: readonly string[]): string {
  return uuidV5(namespace, Buffer.from(parts.join('\0'), 'utf8'));
}

/** The id of a CloudEvent: its `source` and `id` together name it (CloudEvents 1.0.2, "id"). */
export function cloudEventId(source: string, id: string): string {
  return nameBasedId(NAMESPACES.cloudEvents, [source, id]);
}

/** The id of what a Segment library sends: `messageId` stays the same when it sends again. */
export function segmentEventId(messageId: string): string {
  return nameBasedId(NAMESPACES.segment, [messageId]);
}

/** The id of an event that brings none, in a request with an `Idempotency-Key`. @param index its place in an array, from 0. */
export function idempotencyEventId(key: string, index?: number): string {
  return nameBasedId(NAMESPACES.idempotencyKey, index === undefined ? [key] : [key, String(index)]);
}
