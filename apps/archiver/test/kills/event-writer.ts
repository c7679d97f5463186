import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@app/testing';
import type { KnownEvents, SentEvent } from './known-events';

const HOUR_MS = 3_600_000;
const ANCIENT_MS = 300 * 24 * HOUR_MS;
const USERS = 40;
const LATE_DAYS = 30;
/** Of one request. */
const EVENTS = 5;
const PAUSE_MS = 60;
/** Requests beyond those that somebody waits for: what is posted is what readers have to read. */
const AHEAD = 2;
const REPEATS = 3;

/**
 * Posts all the while: events of now, events that come late into days that were moved or are being moved, and ids that are
 * stored already, with other contents.
 */
export class EventWriter {
  readonly complaints: string[] = [];
  /** Ids that were sent again. */
  repeats = 0;
  /** Requests whose late events are stored. */
  private lateRequests = 0;
  private wanted = 0;
  private number = 0;
  private stopped = false;
  private running: Promise<void> | undefined;

  constructor(
    private readonly target: { readonly url: string; readonly key: string },
    private readonly known: KnownEvents,
    private readonly boundary: Date,
  ) {}

  /** So many late ones at once. */
  async begin(count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1000) await this.post(this.lateEvents(Math.min(left, 1000)));
  }

  /** Posts late events of one user, who has no others. @returns them, stored. */
  async of(userId: string, count: number): Promise<SentEvent[]> {
    const events = this.lateEvents(count).map((event) => ({ ...event, user_id: userId }));
    await this.post(events);
    return events;
  }

  /** Posts events of long before all others, of a user who has no others. @returns them, stored. */
  async ancient(count: number): Promise<SentEvent[]> {
    const events = this.lateEvents(count).map((event) => {
      const at = new Date(Date.parse(event.occurred_at) - ANCIENT_MS);
      return { ...event, user_id: 'ancient', occurred_at: at.toISOString() };
    });
    await this.post(events);
    return events;
  }

  start(): void {
    this.running = this.loop();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  /** Resolves once late events are stored whose request was sent after the call; so many requests. */
  async lateOnes(requests = 1): Promise<void> {
    // One may be on its way.
    const wanted = this.lateRequests + 1 + requests;
    this.wanted = Math.max(this.wanted, wanted);
    await eventually(() => {
      expect(this.lateRequests).toBeGreaterThanOrEqual(wanted);
    }, 120_000);
  }

  /** `count` events of the days before the boundary; some of one millisecond. */
  lateEvents(count: number): SentEvent[] {
    return Array.from({ length: count }, () => {
      const before = (Math.floor(Math.random() ** 2 * LATE_DAYS * 24) + 1) * HOUR_MS;
      const within = Math.random() < 0.3 ? 0 : Math.floor(Math.random() * HOUR_MS);
      return this.event(new Date(this.boundary.getTime() - before + within), 'late');
    });
  }

  private async loop(): Promise<void> {
    for (let turn = 0; !this.stopped;) {
      await delay(PAUSE_MS);
      if (this.lateRequests > this.wanted + AHEAD) continue;
      turn += 1;
      try {
        if (turn % 4 === 1) await this.post(Array.from({ length: EVENTS }, () => this.event(new Date(), 'early')));
        else if (turn % 4 === 3) await this.repeat();
        else {
          await this.post(this.lateEvents(EVENTS));
          this.lateRequests += 1;
        }
      } catch (error) {
        this.complaints.push(String(error));
      }
    }
  }

  private event(at: Date, name: string): SentEvent {
    const number = (this.number += 1);
    const user_id = `u${Math.floor(Math.random() * USERS)}`;
    const amount = Math.floor(Math.random() * 10_000) / 100;
    return { event_id: randomUUID(), occurred_at: at.toISOString(), name, user_id, amount, data: { number } };
  }

  private async post(events: readonly SentEvent[]): Promise<void> {
    this.known.send(events);
    // 202 after ten seconds: somebody is slow. The same again: then they are there, or come.
    for (let status = 202; status === 202;) status = await this.send(events, '?wait=stored');
    this.known.stored(events);
  }

  private async repeat(): Promise<void> {
    const stored = this.known.now().filter(({ occurred_at }) => occurred_at < this.boundary.toISOString());
    const again = Array.from(
      { length: Math.min(REPEATS, stored.length) },
      () => stored[Math.floor(Math.random() * stored.length)]!,
    );
    const distinct = [...new Set(again)];
    if (distinct.length === 0) return;
    await this.send(
      distinct.map((event) => ({ ...event, ...this.event(new Date(), 'again'), event_id: event.event_id })),
    );
    this.repeats += distinct.length;
  }

  private async send(events: readonly SentEvent[], query = ''): Promise<number> {
    const answer = await fetch(`${this.target.url}/api/v1/events${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': this.target.key },
      body: JSON.stringify(events),
    });
    const text = await answer.text();
    if (![200, 201, 202].includes(answer.status)) throw new Error(`POST is answered ${answer.status}: ${text}`);
    return answer.status;
  }
}
