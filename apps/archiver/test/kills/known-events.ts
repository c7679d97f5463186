/** An event as it is sent. */
export interface SentEvent {
  readonly event_id: string;
  readonly occurred_at: string;
  readonly name: string;
  readonly user_id: string;
  readonly amount: number;
  readonly data: { readonly number: number };
}

/** Instants of this process, one after another. */
interface Known {
  readonly event: SentEvent;
  storedAt: number;
  leavingAt: number;
  goneAt: number;
}

const NEVER = Infinity;

/**
 * What is known for certain of each event and since when: sent, stored, to be removed, removed. A reader takes a mark
 * before it asks; what was stored before it `must` be in the answer, and what was not sent when the answer was there, or
 * removed before the mark, may not.
 */
export class KnownEvents {
  private readonly known = new Map<string, Known>();
  private clock = 0;
  /** How often events began to be taken away, or were gone. */
  departures = 0;

  /** Before the request leaves. */
  send(events: readonly SentEvent[]): void {
    for (const event of events) {
      this.known.set(event.event_id, { event, storedAt: NEVER, leavingAt: NEVER, goneAt: NEVER });
    }
  }

  /** After the answer has come. */
  stored(events: readonly SentEvent[]): void {
    this.clock += 1;
    for (const { event_id } of events) this.of(event_id).storedAt = Math.min(this.clock, this.of(event_id).storedAt);
  }

  /** Before somebody is asked to remove them. */
  leave(events: readonly SentEvent[]): void {
    this.clock += 1;
    this.departures += 1;
    for (const { event_id } of events) this.of(event_id).leavingAt = this.clock;
  }

  /** After it was said that they are removed. */
  gone(events: readonly SentEvent[]): void {
    this.clock += 1;
    this.departures += 1;
    for (const { event_id } of events) this.of(event_id).goneAt = this.clock;
  }

  mark(): number {
    return this.clock;
  }

  /** The events that a reader that began at `mark` and ends now has to have found. */
  must(mark: number): SentEvent[] {
    const found = [...this.known.values()].filter((known) => known.storedAt <= mark && known.leavingAt === NEVER);
    return found.map(({ event }) => event);
  }

  /** The events that a reader that began at `mark` and ends now may have found. */
  may(mark: number): SentEvent[] {
    return [...this.known.values()].filter(({ goneAt }) => goneAt > mark).map(({ event }) => event);
  }

  /** Stored and not about to go. */
  now(): SentEvent[] {
    return this.must(this.clock);
  }

  /** Whether some are being taken away: numbers go down then. */
  get areLeaving(): boolean {
    return [...this.known.values()].some(({ leavingAt, goneAt }) => leavingAt !== NEVER && goneAt === NEVER);
  }

  find(eventId: string): SentEvent | undefined {
    return this.known.get(eventId)?.event;
  }

  private of(eventId: string): Known {
    const known = this.known.get(eventId);
    if (known === undefined) throw new Error(`Event ${eventId} was never sent.`);
    return known;
  }
}
