/** Many live subscribers of an API that is gone come to another one at once, each behind the last event that it has seen. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { USERS, Posting } from './live-posting.mjs';
import { ProcessMeter, rssMb } from './process-meter.mjs';

const WARMUP_SECONDS = 3;
/** So long nobody answers them. */
const AWAY_SECONDS = 8;
const MOST_SECONDS = 120;
const POLL_MS = 50;
const SETTLE_MS = 15_000;

/** @param {import('./stack.mjs').Service} service fresh */
export async function resume(service, { subscribers, rate }) {
  const url = await service.startApi();
  const posting = new Posting(service);
  const workerData = { url, key: service.key, subscribers, users: USERS };
  const worker = new Worker(new URL('./live-subscriber.mjs', import.meta.url), { workerData });
  await once(worker, 'message');
  const told = async (command, address) => {
    worker.postMessage({ command, address });
    return (await once(worker, 'message'))[0];
  };
  let over = false;
  const posted = posting.run(url, rate, WARMUP_SECONDS + AWAY_SECONDS + MOST_SECONDS, () => over);
  await delay(WARMUP_SECONDS * 1000);
  await told('leave');
  // What takes the posts goes on, so that all that the other one does is done for its subscribers.
  const other = await service.startApi();
  const pid = service.apiPid;
  await delay(AWAY_SECONDS * 1000);
  const idleRss = rssMb(pid);
  const meter = new ProcessMeter({ api: { pids: [pid] } });
  const startedAt = performance.now();
  await told('connect', other);
  const connectedMs = performance.now() - startedAt;
  let peakRss = 0;
  let state = await told('tell');
  while (state.live < subscribers && performance.now() - startedAt < MOST_SECONDS * 1000) {
    await delay(POLL_MS);
    peakRss = Math.max(peakRss, rssMb(pid));
    state = await told('tell');
  }
  const allLiveMs = performance.now() - startedAt;
  const cpuSeconds = meter.used().api / 1e6;
  over = true;
  await posted;
  const expected = posting.events * subscribers;
  for (const deadline = performance.now() + SETTLE_MS; state.events < expected && performance.now() < deadline;) {
    await delay(100);
    state = await told('tell');
  }
  await worker.terminate();
  posting.close();
  await service.stop();
  return {
    subscribers,
    live: state.live,
    connected_ms: Math.round(connectedMs),
    all_live_ms: Math.round(allLiveMs),
    api_cpu_s: Number(cpuSeconds.toFixed(2)),
    api_rss_mb: { idle: idleRss, peak: peakRss },
    missing: expected - (state.events - state.repeated),
    repeated: state.repeated,
    out_of_order_or_skipped: state.skipped,
    ended: state.ended,
  };
}
