import { isUtf8 } from 'node:buffer';
import type { DeadLetterSummary, StoredDeadLetter } from '@app/persistence';

/** A dead letter as lists show it: without its bytes. */
export interface DeadLetterDto {
  readonly id: string;
  readonly status: 'open' | 'replayed' | 'discarded';
  readonly stage: 'accept' | 'decode' | 'store';
  readonly reason: string;
  readonly detail: string;
  readonly event_id: string | null;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly value_bytes: number | null;
  readonly attempts: number;
  readonly created_at: string;
  readonly resolved_at: string | null;
}

/** Bytes for programs, and for people where they are text. */
export interface BytesDto {
  readonly base64: string;
  readonly text: string | null;
}

/** A header may occur more than once. */
export interface HeaderDto extends BytesDto {
  readonly name: string;
}

export interface WholeDeadLetterDto extends DeadLetterDto {
  readonly key: BytesDto | null;
  readonly value: BytesDto | null;
  readonly headers: readonly HeaderDto[];
}

/** A page of the list; `next_cursor` leads to the next one and is null at the end. */
export interface DeadLetterPageDto {
  readonly data: readonly DeadLetterDto[];
  readonly next_cursor: string | null;
}

export function toDeadLetterDto(letter: DeadLetterSummary): DeadLetterDto {
  const { id, status, stage, reason, detail, topic, partition, offset, attempts, createdAt, resolvedAt } = letter;
  return {
    id,
    status,
    stage,
    reason,
    detail,
    event_id: letter.eventId ?? null,
    // The log stands in front of it, which operators did not name.
    topic: topic.slice(topic.indexOf('/') + 1),
    partition,
    offset,
    value_bytes: letter.valueBytes ?? null,
    attempts,
    created_at: createdAt.toISOString(),
    resolved_at: resolvedAt?.toISOString() ?? null,
  };
}

export function toWholeDeadLetterDto(letter: StoredDeadLetter): WholeDeadLetterDto {
  const headers = Object.entries(letter.headers).flatMap(([name, values]) =>
    values.map((value) => ({ name, ...toBytesDto(value) })),
  );
  return {
    ...toDeadLetterDto(letter),
    key: letter.key && toBytesDto(letter.key),
    value: letter.value && toBytesDto(letter.value),
    headers,
  };
}

function toBytesDto(bytes: Buffer): BytesDto {
  return { base64: bytes.toString('base64'), text: isUtf8(bytes) ? bytes.toString('utf8') : null };
}
