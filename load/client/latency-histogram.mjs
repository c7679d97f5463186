const STEP_US = 10;
const MAX_US = 10_000_000;

/** Counts per 10 µs up to 10 s, in 4 MB whatever the number of requests; longer ones count as 10 s. */
export class LatencyHistogram {
  #counts = new Uint32Array(MAX_US / STEP_US + 1);
  #total = 0;

  add(ms) {
    const step = Math.min(this.#counts.length - 1, Math.floor((ms * 1000) / STEP_US));
    this.#counts[step] += 1;
    this.#total += 1;
  }

  /** @param {number} quantile 0.99 for p99 */
  ms(quantile) {
    const wanted = Math.ceil(this.#total * quantile);
    let seen = 0;
    for (let step = 0; step < this.#counts.length; step += 1) {
      seen += this.#counts[step];
      if (seen >= wanted && seen > 0) return ((step + 1) * STEP_US) / 1000;
    }
    return 0;
  }
}
