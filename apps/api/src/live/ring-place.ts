import type { LogPosition } from '@app/messaging';
import type { EventRing } from './event-ring';
import type { LiveFilter, PlacedEvent } from './live-event';
import { PositionText, readPosition } from './live-position';

/** Where a subscriber is in a ring. What it has not taken stays there, until it leaves for all. */
export class RingPlace {
  private number: number;
  private text: string;
  private wasAtEnd = false;

  /**
   * @param own where it is, as long as that is not where everybody at the same entry is: it has come from another process
   *   or another ring, with other partitions ahead. Undefined: at the end.
   */
  constructor(
    private readonly ring: EventRing,
    private readonly filter: LiveFilter,
    private own: PositionText | undefined,
  ) {
    this.number = own === undefined ? ring.next : ring.first;
    this.text = own?.toString() ?? ring.position;
  }

  /** Behind everything that was taken or left out. */
  get position(): string {
    return this.text;
  }

  get offsets(): LogPosition {
    return this.own?.offsets ?? readPosition(this.text)?.offsets ?? [];
  }

  /** Whether the next entry has left the ring. */
  get isLost(): boolean {
    return this.number < this.ring.first;
  }

  get isAtEnd(): boolean {
    return this.number === this.ring.next;
  }

  /** Whether it has had all that there was, once. */
  get hasBeenAtEnd(): boolean {
    return this.wasAtEnd;
  }

  /** What comes next and matches, up to about `maxBytes` of it; nothing when it `isAtEnd`, and maybe before. */
  take(maxBytes: number): readonly PlacedEvent[] {
    const { ring, filter, number } = this;
    if (this.own !== undefined && ring.passes(number, this.own.offsets)) this.own = undefined;
    const taken =
      this.own === undefined ? ring.take(filter, number, maxBytes) : ring.takeFor(this.own, filter, number, maxBytes);
    this.number = taken.next;
    this.text = taken.position;
    this.own = taken.own;
    if (this.isAtEnd) this.wasAtEnd = true;
    return taken.events;
  }
}
