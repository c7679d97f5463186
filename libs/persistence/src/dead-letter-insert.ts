import { byteaArray, int4Array, int8Array, jsonbArray, textArray } from './binary-array';
import type { Queryable } from './database';
import type { NewDeadLetter } from './insert-batch';
import { toHeadersColumn } from './record-headers.mapping';

export interface PlacedDeadLetter {
  readonly letter: NewDeadLetter;
  readonly partition: number;
  readonly offset: number;
}

/** Keeps the letters; one whose place on the log has a letter already stays as it is. */
export async function insertDeadLetters(
  tx: Queryable,
  topic: string,
  letters: readonly PlacedDeadLetter[],
): Promise<void> {
  if (letters.length === 0) return;
  await tx.query(
    `INSERT INTO dead_letters (topic, partition, "offset", project_id, key, value, headers, stage, reason, detail,
       event_id, ingest_id)
     SELECT $1, partition, "offset", project_id, key, value, headers, stage, reason, detail, event_id::uuid, ingest_id::uuid
     FROM unnest($2::int4[], $3::int8[], $4::int4[], $5::bytea[], $6::bytea[], $7::jsonb[], $8::text[], $9::text[],
       $10::text[], $11::text[], $12::text[])
       AS u(partition, "offset", project_id, key, value, headers, stage, reason, detail, event_id, ingest_id)
     ON CONFLICT (topic, partition, "offset") DO NOTHING`,
    [
      topic,
      int4Array(letters, ({ partition }) => partition),
      int8Array(letters, ({ offset }) => offset),
      int4Array(letters, ({ letter }) => storableProject(letter.projectId)),
      byteaArray(letters, ({ letter }) => letter.key),
      byteaArray(letters, ({ letter }) => letter.value),
      jsonbArray(letters, ({ letter }) => toHeadersColumn(letter.headers)),
      textArray(letters, ({ letter }) => letter.stage),
      textArray(letters, ({ letter }) => storableText(letter.reason)),
      textArray(letters, ({ letter }) => storableText(letter.detail)),
      textArray(letters, ({ letter }) => letter.eventId),
      textArray(letters, ({ letter }) => letter.ingestId),
    ],
  );
}

/** A reason names what was found, which may be megabytes, and lists show it. */
const MAX_TEXT = 1000;

/** PostgreSQL takes no NUL in a text, and a dead letter must always find its place. */
export function storableText(text: string): string {
  return text.slice(0, MAX_TEXT).replaceAll('\0', '\uFFFD');
}

/** Foreign records claim what they like; what cannot be a project belongs to `default`. */
export function storableProject(projectId: number): number {
  return (projectId | 0) === projectId ? projectId : 1;
}
