import { eventIdOf, newIdPrefix } from './request-template.mjs';

const SENT = 1;
const ACKNOWLEDGED = 2;
const REFUSED = 3;

/** What became of each event of a run, at one byte each: its number is in its id. */
export class Acknowledgements {
  idPrefix = newIdPrefix();
  /** Events answered as accepted; a repeat counts again. */
  events = 0;
  #state = new Uint8Array(1 << 16);
  #next = 0;

  /** Number of the next event; with probability `duplicates` that of an earlier one. */
  take(duplicates) {
    if (duplicates > 0 && this.#next > 0 && Math.random() < duplicates) return Math.floor(Math.random() * this.#next);
    if (this.#next === this.#state.length) {
      const longer = new Uint8Array(this.#state.length * 2);
      longer.set(this.#state);
      this.#state = longer;
    }
    this.#state[this.#next] = SENT;
    return this.#next++;
  }

  acknowledge(number) {
    this.events += 1;
    this.#state[number] = ACKNOWLEDGED;
  }

  refuse(number) {
    if (this.#state[number] === SENT) this.#state[number] = REFUSED;
  }

  /** Distinct ids that were acknowledged: the rows there must be at least, and at most with those of `unknownIds`. */
  get acknowledgedIds() {
    return this.#count(ACKNOWLEDGED);
  }

  /** Distinct ids whose request was never answered, or with 5xx. */
  get unknownIds() {
    return this.#count(SENT);
  }

  /** @returns {Generator<string>} */
  *ids() {
    for (let number = 0; number < this.#next; number += 1) {
      if (this.#state[number] === ACKNOWLEDGED) yield eventIdOf(this.idPrefix, number);
    }
  }

  #count(state) {
    let count = 0;
    for (let number = 0; number < this.#next; number += 1) if (this.#state[number] === state) count += 1;
    return count;
  }
}
