import type { PlacedEvent } from './live-event';

/** Records of a partition that the log no longer had; undefined: nobody knows how many. */
export interface MissingRecords {
  readonly partition: number;
  readonly missing: number | undefined;
}

/**
 * Why a subscription ended: it was too far behind the others (`behind`), the log was read over a hole (`lost`: a new
 * subscription tells which), the process stops (`closing`), or whoever subscribed has closed it (`closed`), as a rule since
 * its own client has gone; `stalled` when that takes nothing.
 */
export type EndReason = 'behind' | 'lost' | 'closing' | 'closed' | 'stalled';

/** What a subscriber is told. One who comes again with the last `position` goes on behind it. */
export type LiveUpdate =
  | { readonly kind: 'events'; readonly events: readonly PlacedEvent[]; readonly position: string }
  | { readonly kind: 'gap'; readonly partitions: readonly MissingRecords[]; readonly position: string }
  /** Nothing matched for a while. Without a position: the log has not answered yet. */
  | { readonly kind: 'idle'; readonly position: string | undefined }
  /** The last one. */
  | { readonly kind: 'end'; readonly reason: EndReason };
