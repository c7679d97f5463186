/** Many live subscribers of one API: does each see each event once, in order and soon, and what does it cost? */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { USERS, Posting } from './live-posting.mjs';
import { ProcessMeter, rssMb } from './process-meter.mjs';

const BASELINE_SECONDS = 5;
const WARMUP_SECONDS = 5;
const SETTLE_MS = 15_000;
/** Of the API's memory, while it is measured. */
const RSS_SAMPLES = 6;

async function asked(worker) {
  worker.postMessage({ command: 'tell' });
  const [told] = await once(worker, 'message');
  return told;
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
  const workerData = { url, key: service.key, subscribers, users: USERS };
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
