import type { StorableEvent } from '@app/events';

/** A record that cannot become an event: its bytes, and why. */
export interface NewDeadLetter {
  /** The tenant, or 1 (`default`) when the record does not tell. */
  readonly projectId: number;
  readonly value: Buffer | null;
  readonly key: Buffer | null;
  /** As they came; a header may occur more than once. */
  readonly headers: Readonly<Record<string, Buffer | readonly Buffer[] | undefined>>;
  /** Where it ended: a door could not take it, a consumer could not read it, or the database refused it. */
  readonly stage: 'accept' | 'decode' | 'store';
  /** Stable code, for programs. */
  readonly reason: string;
  /** For people. Holds no values of the record. */
  readonly detail: string;
  /** Of the event that it would have been, a UUID in lower case; undefined when the record does not tell. */
  readonly eventId: string | undefined;
  /** UUID of the request that waits to hear what became of it; undefined when none does. */
  readonly ingestId: string | undefined;
  /** When it came onto the log, in milliseconds: when it was received, where it does not tell. */
  readonly loggedAt: number;
}

/** A record that says which dead letter it once was. Whoever writes to the log can say so: the letter itself decides. */
export interface Replay {
  /** Digits that a bigint holds. */
  readonly letterId: string;
  /** Of the record. */
  readonly value: Buffer | null;
}

/** Where a record stands on the log, and what is to become of it. */
export type RecordOutcome = {
  readonly partition: number;
  readonly offset: number;
  readonly replay?: Replay | undefined;
} & (
  | {
      readonly kind: 'persist';
      readonly event: StorableEvent;
      /** UUID of the request that waits for the row; undefined when none does. */
      readonly ingestId?: string | undefined;
    }
  | { readonly kind: 'dead-letter'; readonly letter: NewDeadLetter }
);

/** What one consumer fetched: a run of offsets of each of some partitions, in offset order within a partition. */
export interface InsertBatch {
  readonly group: string;
  /** With its log in front: positions and dead letters of two logs must not meet. */
  readonly topic: string;
  readonly outcomes: readonly RecordOutcome[];
  /** Per partition, the offset that its next record will get. */
  readonly logEnds: ReadonlyMap<number, number>;
}

export interface InsertResult {
  /** Events that are new. */
  readonly stored: number;
  /** Events whose id was stored before, or came earlier in the batch. */
  readonly duplicates: number;
  /** Records that could not be stored, also those that were dead letters before and stay the letters that they were. */
  readonly deadLettered: number;
  /** Records of erased users, received before they were erased: nothing is kept of them but the ids of events. */
  readonly erased: number;
  /** Open dead letters whose event is stored now. */
  readonly replayed: number;
  /** Records below the position: an earlier transaction dealt with them, and counted them. */
  readonly redelivered: number;
}
