import { randomBytes } from 'node:crypto';

/** What the answers to an event say: stored for certain, not stored for certain, or nobody knows. */
export type SentOutcome = 'ok' | 'refused' | 'unknown';

const CODES = ['ok', 'refused', 'unknown'] as const satisfies readonly SentOutcome[];
const NOT_SENT = 0;

/**
 * What was sent and what came of it, at one byte per event: the id of an event is made of its number in the run, so
 * that the number is found again in the id and no set of ids is kept.
 *
 * An event begins as `unknown` before it is sent. Of several answers the strongest counts: once `ok` it stays so, and
 * an event refused at a second try may have been taken at the first.
 */
export class OutcomeLog {
  private readonly prefix: string;
  private outcomes = new Uint8Array(1024);
  private next = 0;

  constructor(startedAt: Date = new Date(), tag: string = randomBytes(3).toString('hex')) {
    const ms = startedAt.getTime().toString(16).padStart(12, '0');
    // In the form of a UUIDv7, so that rows go into the indexes where those of real events would.
    this.prefix = `${ms.slice(0, 8)}-${ms.slice(8)}-7${tag.slice(0, 3)}-8${tag.slice(3)}-`;
  }

  /** Number of events that were sent. */
  get size(): number {
    return this.next;
  }

  /** Takes the next event of the run, as `unknown`: whatever happens from here on, it may have been stored. */
  begin(): { readonly number: number; readonly eventId: string } {
    const number = this.next;
    this.next += 1;
    if (number === this.outcomes.length) {
      const longer = new Uint8Array(this.outcomes.length * 2);
      longer.set(this.outcomes);
      this.outcomes = longer;
    }
    this.outcomes[number] = codeOf('unknown');
    return { number, eventId: this.eventIdOf(number) };
  }

  /** @param attempt 0 for the first time that the event was sent. */
  settle(number: number, outcome: SentOutcome, attempt = 0): void {
    const before = this.outcomeOf(number);
    if (before === undefined) throw new Error(`event ${number} was never sent`);
    if (before === 'ok' || outcome === 'unknown') return;
    if (outcome === 'refused' && attempt > 0) return;
    this.outcomes[number] = codeOf(outcome);
  }

  outcomeOf(number: number): SentOutcome | undefined {
    const code = this.outcomes[number] ?? NOT_SENT;
    return code === NOT_SENT ? undefined : CODES[code - 1];
  }

  eventIdOf(number: number): string {
    return this.prefix + number.toString(16).padStart(12, '0');
  }

  /** Number of the event with this id, or undefined when this run never sent it. */
  numberOf(eventId: string): number | undefined {
    const id = eventId.toLowerCase();
    if (!id.startsWith(this.prefix)) return undefined;
    const number = Number.parseInt(id.slice(this.prefix.length), 16);
    return number < this.next && this.eventIdOf(number) === id ? number : undefined;
  }

  count(outcome: SentOutcome): number {
    const code = codeOf(outcome);
    let count = 0;
    for (let number = 0; number < this.next; number += 1) if (this.outcomes[number] === code) count += 1;
    return count;
  }
}

function codeOf(outcome: SentOutcome): number {
  return CODES.indexOf(outcome) + 1;
}
