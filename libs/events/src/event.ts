/** A JSON value as `JSON.parse` makes it. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/**
 * One thing that happened, as Millrace keeps it. Immutable; every field has passed the rules of this library, so
 * whatever is in here can be stored and read back equal. Fields that are missing are present as undefined: all events
 * have one shape, which keeps the hot path monomorphic.
 */
export interface Event {
  /** The tenant that the event belongs to. Comes from the API key, never from the body. */
  readonly projectId: number;
  /** UUID in lower case. Identity within a project: the same id is stored once, ever; the first one wins. */
  readonly eventId: string;
  /** What happened, 1 to 200 code points: `user.created`. */
  readonly name: string;
  readonly source: string | undefined;
  readonly userId: string | undefined;
  /** When it happened, by the producer's clock; millisecond precision, UTC. Not when we stored it. */
  readonly occurredAt: Date;
  /** When the API took it, by the API's clock; millisecond precision, UTC. */
  readonly receivedAt: Date;
  /** Finite, |x| < 10^18, at most 9 decimals; stored as a decimal and summed exactly. */
  readonly amount: number | undefined;
  /** The producer's own payload; at most 262,144 bytes of compact JSON, depth at most 32. */
  readonly data: JsonObject;
  /** What a door keeps beside `data` (CloudEvents attributes, Segment context). Same limits as `data`. */
  readonly context: JsonObject | undefined;
}

/** An event on its way into a store, which takes `data` and `context` as JSON texts and has no use for the objects. */
export interface StorableEvent extends Omit<Event, 'data' | 'context'> {
  readonly data: string;
  readonly context: string | undefined;
}
