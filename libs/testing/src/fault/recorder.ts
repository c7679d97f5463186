import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { OutcomeLog, type SentOutcome } from './outcome-log';
import { postJson } from './post-json';

export interface RecorderOptions {
  /** Address of the API. Asked for each request, since an API that starts again may have another port. */
  readonly url: () => string;
  readonly key: string;
  /** Requests on their way at the same time, each on its own connection. */
  readonly connections: number;
  /** Events of the run; without it the run goes on until `stop`. */
  readonly events?: number;
  /** Sent for the first time at most; without it as fast as the answers come. What was missed is not made up for. */
  readonly eventsPerSecond?: number;
  /** 1 posts single events, more posts arrays. */
  readonly eventsPerRequest: number;
  /** Body of the nth event; the recorder adds `event_id`. */
  readonly eventOf: (number: number) => Readonly<Record<string, unknown>>;
  /** Send what is unknown again with the same id, until it is answered or the run is stopped. */
  readonly retryUnknown: boolean;
  /** Milliseconds until a request without an answer counts as unknown. */
  readonly timeoutMs?: number;
}

interface Sent {
  readonly number: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A dead API refuses connections in microseconds; without a pause the run would be over before it is back. */
const PAUSE_AFTER_UNKNOWN_MS = 50;
const TIMEOUT_MS = 15_000;

/** Posts events from several loops while things break around it, and keeps what each answer promises. */
export class Recorder {
  readonly log = new OutcomeLog();
  private readonly agent: Agent;
  private stopped = false;
  private okCount = 0;
  /** When the next new events may leave, by `performance.now()`. */
  private nextAt = 0;

  constructor(private readonly options: RecorderOptions) {
    this.agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  }

  /** Events answered with 202 so far. */
  get acknowledged(): number {
    return this.okCount;
  }

  /**
   * Resolves when all events were sent, or after `stop`, with every answer in `log`.
   *
   * @throws when an answer breaks the contract: a 202 that does not name the ids that were sent.
   */
  async run(): Promise<OutcomeLog> {
    try {
      await Promise.all(Array.from({ length: this.options.connections }, () => this.loop()));
    } finally {
      this.stopped = true;
      this.agent.destroy();
    }
    return this.log;
  }

  /** Lets the requests on their way finish and sends no more. */
  stop(): void {
    this.stopped = true;
  }

  private async loop(): Promise<void> {
    for (;;) {
      await this.turn();
      const events = this.take();
      if (events.length === 0) return;
      for (let attempt = 0; ; attempt += 1) {
        const known = await this.post(events, attempt);
        if (known) break;
        await delay(PAUSE_AFTER_UNKNOWN_MS);
        if (!this.options.retryUnknown || this.stopped) break;
      }
    }
  }

  /** Resolves when the rate allows for one more request. */
  private async turn(): Promise<void> {
    const { eventsPerSecond, eventsPerRequest } = this.options;
    if (eventsPerSecond === undefined) return;
    const now = performance.now();
    const at = Math.max(now, this.nextAt);
    this.nextAt = at + (1000 * eventsPerRequest) / eventsPerSecond;
    await delay(at - now);
  }

  private take(): Sent[] {
    const { events = Infinity, eventsPerRequest, eventOf } = this.options;
    const length = this.stopped ? 0 : Math.min(eventsPerRequest, events - this.log.size);
    return Array.from({ length }, () => {
      const { number, eventId } = this.log.begin();
      return { number, body: { event_id: eventId, ...eventOf(number) } };
    });
  }

  private async post(events: readonly Sent[], attempt: number): Promise<boolean> {
    const bodies = events.map(({ body }) => body);
    const single = this.options.eventsPerRequest === 1;
    const answer = await postJson({
      url: `${this.options.url()}/api/v1/events`,
      headers: { 'x-api-key': this.options.key },
      body: JSON.stringify(single ? bodies[0] : bodies),
      agent: this.agent,
      timeoutMs: this.options.timeoutMs ?? TIMEOUT_MS,
    });
    if (answer === undefined || answer.status >= 500) return false;
    if (answer.status === 202) this.settleAccepted(events, attempt, answer.body);
    else if (answer.status >= 400) for (const { number } of events) this.settle(number, 'refused', attempt);
    else throw new Error(`POST /api/v1/events answered ${answer.status}`);
    return true;
  }

  private settleAccepted(events: readonly Sent[], attempt: number, body: unknown): void {
    const { event_id, event_ids } = body as { event_id?: unknown; event_ids?: unknown };
    const ids: unknown = this.options.eventsPerRequest === 1 ? [event_id] : event_ids;
    for (const [index, { number }] of events.entries()) {
      const id: unknown = Array.isArray(ids) && ids.length === events.length ? ids[index] : undefined;
      if (id === null) this.settle(number, 'refused', attempt);
      else if (id === this.log.eventIdOf(number)) this.settle(number, 'ok', attempt);
      else throw new Error(`a 202 does not name the id of event ${number}: ${JSON.stringify(body)}`);
    }
  }

  private settle(number: number, outcome: SentOutcome, attempt: number): void {
    if (outcome === 'ok') this.okCount += 1;
    this.log.settle(number, outcome, attempt);
  }
}
