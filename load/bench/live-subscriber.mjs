/** A thread with live subscribers: takes streams apart as cheaply as it can, since it shares the machine with what is measured. */
import { get } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { LatencyHistogram } from '../client/latency-histogram.mjs';

const { url, key, subscribers, users } = workerData;
/** What stands in front of the numbers. A brace is rare, so that a search for it is fast. */
const MARK = '{"k":';
const BETWEEN = ',"n":'.length;
const ID = 'id: ';
const ZERO = 48;
const NINE = 57;
/** Who is sent an event that is younger is up to date. */
const LIVE_MS = 1000;

let latencies = new LatencyHistogram();
const counts = { events: 0, repeated: 0, skipped: 0, ended: 0, bytes: 0 };

/** Its numbers of each user have to be 0, 1, 2, …: anything else is an event that came twice, or not at all. */
class Subscriber {
  #next = new Int32Array(users);
  #rest = '';
  #at = 0;
  #response;
  #lastId = '';
  isLive = false;

  /** Resolves with the first id, or when the stream is over: what is posted from then on comes. */
  connect(address) {
    const headers = { 'X-API-Key': key, ...(this.#lastId === '' ? {} : { 'Last-Event-ID': this.#lastId }) };
    return new Promise((resolve, reject) => {
      get(`${address}/api/v1/events/stream`, { headers, agent: false }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`a stream was answered ${response.statusCode}`));
        this.#response = response;
        response.on('data', (chunk) => {
          if (chunk.includes(ID)) resolve();
          if (response === this.#response) this.#take(chunk);
        });
        response.on('error', () => undefined);
        response.on('close', () => {
          if (response === this.#response) counts.ended += 1;
          resolve();
        });
      }).on('error', (error) => (this.#response === undefined ? reject(error) : undefined));
    });
  }

  leave() {
    const response = this.#response;
    this.#response = undefined;
    this.#rest = '';
    this.isLive = false;
    response.destroy();
  }

  #take(chunk) {
    counts.bytes += chunk.length;
    const now = Date.now();
    const text = this.#rest + chunk.latin1Slice();
    let from = 0;
    let last = -1;
    for (;;) {
      const found = text.indexOf(MARK, from);
      if (found === -1 || text.indexOf('}', found) === -1) break;
      this.#at = found + MARK.length;
      this.#see(this.#number(text), this.#number(text), now - this.#number(text));
      from = this.#at;
      last = found;
    }
    this.#rest = text.slice(from);
    if (last === -1) return;
    const id = text.lastIndexOf(ID, last) + ID.length;
    this.#lastId = text.slice(id, text.indexOf('\n', id));
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
    if (tookMs < LIVE_MS) this.isLive = true;
    if (number < this.#next[user]) counts.repeated += 1;
    else {
      counts.skipped += number - this.#next[user];
      this.#next[user] = number + 1;
    }
  }
}

const all = Array.from({ length: subscribers }, () => new Subscriber());

const COMMANDS = {
  tell: () => undefined,
  leave: () => {
    for (const each of all) each.leave();
  },
  connect: async (address) => {
    latencies = new LatencyHistogram();
    await Promise.all(all.map((each) => each.connect(address)));
  },
};

parentPort.on('message', async ({ command, address }) => {
  await COMMANDS[command](address);
  const quantiles = { p50_ms: latencies.ms(0.5), p99_ms: latencies.ms(0.99), max_ms: latencies.ms(1) };
  const { user, system } = process.cpuUsage();
  const live = all.filter(({ isLive }) => isLive).length;
  parentPort.postMessage({ ...counts, ...quantiles, live, cpu_us: user + system });
});

await COMMANDS.connect(url);
parentPort.postMessage('ready');
