/** Many live subscribers of one API: does each see each event once, in order and soon, and what does it cost? */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { ProcessMeter } from './process-meter.mjs';

const EVENTS_PER_POST = 20;
/** Each posts one after the other, so that the events of its users have an order. */
const LANES = 10;
const USERS_PER_LANE = 20;
const BASELINE_SECONDS = 5;
const WARMUP_SECONDS = 5;
const SETTLE_MS = 15_000;
/** Of the API's memory, while it is measured. */
const RSS_SAMPLES = 6;

/** Posts at a rate, numbered by user. */
class Posting {
  #agent = new Agent({ keepAlive: true, maxSockets: LANES });
  #numbers = new Int32Array(LANES * USERS_PER_LANE);
  #service;
  events = 0;

  constructor(service) {
    this.#service = service;
  }

  async run(url, rate, seconds) {
    const before = this.events;
    const everyMs = (1000 * EVENTS_PER_POST * LANES) / rate;
    await Promise.all(Array.from({ length: LANES }, (_, lane) => this.#lane(url, lane, everyMs, seconds)));
    return this.events - before;
  }

  close() {
    this.#agent.destroy();
  }

  async #lane(url, lane, everyMs, seconds) {
    const startedAt = performance.now() + (everyMs * lane) / LANES;
    for (let post = 0; post * everyMs < seconds * 1000; post += 1) {
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

async function asked(worker) {
  worker.postMessage('tell');
  const [told] = await once(worker, 'message');
  return told;
}

function rssMb(pid) {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
}

/** Fails the run when an event is missing or came twice. @param {import('./stack.mjs').Service} service fresh */
export async function live(service, { subscribers, rate, seconds }) {
  const url = await service.startApi();
  const posting = new Posting(service);
  // What taking the events costs without anybody who follows them, to be left out.
  await posting.run(url, rate, WARMUP_SECONDS);
  const baseline = new ProcessMeter({ api: { pids: [service.apiPid] } });
  const baselineEvents = await posting.run(url, rate, BASELINE_SECONDS);
  const baselineUs = baseline.used().api / baselineEvents;

  const fresh = new Posting(service);
  const workerData = { url, key: service.key, subscribers, users: LANES * USERS_PER_LANE };
  const worker = new Worker(new URL('./live-subscriber.mjs', import.meta.url), { workerData });
  await once(worker, 'message');
  await fresh.run(url, rate, WARMUP_SECONDS);
  const rss = [rssMb(service.apiPid)];
  const sampling = setInterval(() => rss.push(rssMb(service.apiPid)), (seconds * 1000) / RSS_SAMPLES);
  const meter = new ProcessMeter({ api: { pids: [service.apiPid] } });
  const events = await fresh.run(url, rate, seconds);
  const used = meter.used();
  clearInterval(sampling);
  const expected = fresh.events * subscribers;
  let told = await asked(worker);
  for (const deadline = performance.now() + SETTLE_MS; told.events < expected && performance.now() < deadline;) {
    await delay(100);
    told = await asked(worker);
  }
  const figures = {
    subscribers,
    events_per_s: Math.round(events / seconds),
    deliveries: told.events,
    missing: expected - (told.events - told.repeated),
    repeated: told.repeated,
    out_of_order_or_skipped: told.skipped,
    ended: told.ended,
    p50_ms: told.p50_ms,
    p99_ms: told.p99_ms,
    max_ms: told.max_ms,
    mb_per_s: Math.round(told.bytes / 1e6 / (seconds + WARMUP_SECONDS)),
    api_cpu_us_per_event_taken: Number(baselineUs.toFixed(1)),
    api_cpu_us_per_delivery: Number(((used.api - baselineUs * events) / (events * subscribers)).toFixed(2)),
    api_cpu_cores: Number((used.api / 1e6 / seconds).toFixed(2)),
    client_cpu_us_per_delivery: Number((told.cpu_us / told.events).toFixed(2)),
    api_rss_mb: rss,
  };
  await worker.terminate();
  posting.close();
  fresh.close();
  await service.stop();
  if (figures.missing !== 0 || figures.repeated !== 0 || figures.ended !== 0) {
    throw new Error(`not every subscriber has seen every event once: ${JSON.stringify(figures)}`);
  }
  return figures;
}
