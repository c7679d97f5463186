import type { SentEvent } from '@app/proto';

/** The message of an event in its native form, which has passed no check yet. */
export function toSentEvent(json: string): SentEvent {
  const { occurred_at: occurredAt, data, ...rest } = JSON.parse(json) as Record<string, unknown>;
  return {
    ...rest,
    ...(typeof occurredAt === 'string' && { occurred_at: toTimestamp(occurredAt) }),
    ...(data !== undefined && { data_json: JSON.stringify(data) }),
  };
}

function toTimestamp(text: string): { readonly seconds: number; readonly nanos: number } {
  const ms = Date.parse(text);
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: (ms - seconds * 1000) * 1e6 };
}
