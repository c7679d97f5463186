import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS = 200;
const PAUSE_MS = 20;
const ANSWER_LIMIT_MS = 30_000;

/**
 * A client as the documentation asks for: sends each batch again, with the same ids, until it is answered 202. All its
 * events must be stored, each once.
 */
export class PersistentClient {
  ids = [];
  /** Answers other than 202 by status; `no answer`: refused, reset, or too late. */
  repeated = {};
  #stopped = false;
  #workers = [];

  /** @param {{ url: string, key: string, workers?: number, batch?: number }} options */
  constructor({ url, key, workers = 8, batch = 20 }) {
    Object.assign(this, { url: `${url}/api/v1/events`, key, batch });
    this.#workers = Array.from({ length: workers }, () => this.#work());
  }

  /** Resolves once everything that was sent has been acknowledged. */
  async stop() {
    this.#stopped = true;
    await Promise.all(this.#workers);
  }

  async #work() {
    while (!this.#stopped) {
      const events = Array.from({ length: this.batch }, anEvent);
      await this.#deliver(JSON.stringify(events));
      for (const { event_id: id } of events) this.ids.push(id);
      await delay(PAUSE_MS);
    }
  }

  async #deliver(body) {
    for (;;) {
      const outcome = await this.#post(body);
      if (outcome === 202) return;
      this.repeated[outcome] = (this.repeated[outcome] ?? 0) + 1;
      await delay(RETRY_MS);
    }
  }

  async #post(body) {
    const headers = { 'Content-Type': 'application/json', 'X-API-Key': this.key };
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    try {
      const response = await fetch(this.url, { method: 'POST', headers, body, signal });
      const answer = await response.json();
      return response.status === 202 && answer.rejected !== 0 ? 'refused' : response.status;
    } catch {
      return 'no answer';
    }
  }
}

function anEvent() {
  const user = Math.floor(Math.random() * 1000);
  return { event_id: randomUUID(), name: 'rehearsal.event', user_id: `user-${user}`, data: { user } };
}
