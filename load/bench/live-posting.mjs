/** What live subscribers are to see: events of some users, each user's numbered, with the time at which they were posted. */
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const EVENTS_PER_POST = 20;
/** Each posts one after the other, so that the events of its users have an order. */
const LANES = 10;
const USERS_PER_LANE = 20;
export const USERS = LANES * USERS_PER_LANE;

/** Posts at a rate, numbered by user. */
export class Posting {
  #agent = new Agent({ keepAlive: true, maxSockets: LANES });
  #numbers = new Int32Array(USERS);
  #service;
  events = 0;

  constructor(service) {
    this.#service = service;
  }

  /** @param isOver ends it earlier. */
  async run(url, rate, seconds, isOver = () => false) {
    const before = this.events;
    const everyMs = (1000 * EVENTS_PER_POST * LANES) / rate;
    await Promise.all(Array.from({ length: LANES }, (_, lane) => this.#lane(url, lane, { everyMs, seconds, isOver })));
    return this.events - before;
  }

  close() {
    this.#agent.destroy();
  }

  async #lane(url, lane, { everyMs, seconds, isOver }) {
    const startedAt = performance.now() + (everyMs * lane) / LANES;
    for (let post = 0; post * everyMs < seconds * 1000 && !isOver(); post += 1) {
      await delay(Math.max(0, startedAt + post * everyMs - performance.now()));
      await this.#post(url, lane, post);
    }
  }

  async #post(url, lane, post) {
    const events = Array.from({ length: EVENTS_PER_POST }, (_, index) => {
      const k = lane * USERS_PER_LANE + ((post + index) % USERS_PER_LANE);
      return { name: 'live.tick', user_id: `user-${k}`, data: { k, n: this.#numbers[k]++, t: Date.now() } };
    });
    const headers = { 'x-api-key': this.#service.key, 'content-type': 'application/json' };
    const status = await new Promise((resolve, reject) => {
      const call = request(`${url}/api/v1/events`, { method: 'POST', agent: this.#agent, headers }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
      });
      call.on('error', reject);
      call.end(JSON.stringify(events));
    });
    if (status !== 202) throw new Error(`a post was answered ${status}`);
    this.events += EVENTS_PER_POST;
  }
}
