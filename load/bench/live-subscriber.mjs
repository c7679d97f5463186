/** A thread with live subscribers: takes streams apart as cheaply as it can, since it shares the machine with what is measured. */
import { get } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { LatencyHistogram } from '../client/latency-histogram.mjs';

const { url, key, subscribers, users } = workerData;
/** What stands in front of the numbers. A brace is rare, so that a search for it is fast. */
const MARK = '{"k":';
const BETWEEN = ',"n":'.length;
/** Between the numbers of one event and those of the next are more bytes: ids, names, times. */
const APART = 150;
const ZERO = 48;
const NINE = 57;

const latencies = new LatencyHistogram();
const counts = { events: 0, repeated: 0, skipped: 0, ended: 0, bytes: 0 };

/** Its numbers of each user have to be 0, 1, 2, …: anything else is an event that came twice, or not at all. */
class Subscriber {
  #next = new Int32Array(users);
  #rest = '';

  #at = 0;

  take(chunk) {
    counts.bytes += chunk.length;
    const now = Date.now();
    const text = this.#rest + chunk.latin1Slice();
    let from = 0;
    for (;;) {
      const found = text.indexOf(MARK, from);
      if (found === -1 || text.indexOf('}', found) === -1) break;
      this.#at = found + MARK.length;
      this.#see(this.#number(text), this.#number(text), now - this.#number(text));
      from = this.#at + APART;
    }
    this.#rest = text.slice(from);
  }

  /** The next of `12,"n":345,"t":1700000000000}`. */
  #number(text) {
    let number = 0;
    let code = text.charCodeAt(this.#at);
    for (; code >= ZERO && code <= NINE; code = text.charCodeAt(++this.#at)) number = number * 10 + code - ZERO;
    this.#at += BETWEEN;
    return number;
  }

  #see(user, number, tookMs) {
    counts.events += 1;
    latencies.add(Math.max(0, tookMs));
    if (number < this.#next[user]) counts.repeated += 1;
    else {
      counts.skipped += number - this.#next[user];
      this.#next[user] = number + 1;
    }
  }
}

function subscribe() {
  return new Promise((resolve, reject) => {
    get(`${url}/api/v1/events/stream`, { headers: { 'X-API-Key': key }, agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`a stream was answered ${response.statusCode}`));
      const subscriber = new Subscriber();
      response.on('data', (chunk) => {
        // The first id: what is posted from now on comes.
        if (chunk.includes('id: ')) resolve();
        subscriber.take(chunk);
      });
      response.on('error', () => undefined);
      response.on('close', () => (counts.ended += 1));
    }).on('error', reject);
  });
}

parentPort.on('message', () => {
  const quantiles = { p50_ms: latencies.ms(0.5), p99_ms: latencies.ms(0.99), max_ms: latencies.ms(1) };
  parentPort.postMessage({ ...counts, ...quantiles, cpu_us: process.cpuUsage().user + process.cpuUsage().system });
});

await Promise.all(Array.from({ length: subscribers }, subscribe));
parentPort.postMessage('ready');
