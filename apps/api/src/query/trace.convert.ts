import type { EventTrace } from '@app/persistence';

/** What became of an event. */
export type TraceStatus =
  | 'stored'
  | 'archived'
  | 'dead_lettered'
  | 'discarded'
  | 'erased'
  | 'expired'
  /** No consumer has seen it yet, or there never was one. */
  | 'unknown';

/** The way of an event; members that are not known are null, and of an unknown event there are none. */
export interface TraceDto {
  readonly status: TraceStatus;
  /** How often the same id came again. */
  readonly duplicates?: number | null;
  readonly received_at?: string | null;
  readonly stored_at?: string | null;
  readonly archived_at?: string | null;
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number;
  /** Stable code of why it could not be stored. */
  readonly reason?: string | null;
}

/** @param topic the name by which clients of the log know it. */
export function toTraceDto(trace: EventTrace | undefined, topic: string): TraceDto {
  if (trace === undefined) return { status: 'unknown' };
  const stored = 'receivedAt' in trace ? trace : undefined;
  return {
    status: trace.status,
    duplicates: 'duplicates' in trace ? trace.duplicates : null,
    received_at: stored?.receivedAt?.toISOString() ?? null,
    stored_at: stored?.storedAt?.toISOString() ?? null,
    archived_at: 'archivedAt' in trace ? (trace.archivedAt?.toISOString() ?? null) : null,
    topic,
    partition: trace.partition,
    offset: trace.offset,
    reason: 'reason' in trace ? trace.reason : null,
  };
}
