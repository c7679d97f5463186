/** A steady load for minutes: does memory grow? */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const EVENTS_PER_POST = 20;
const CONSUMERS = 3;
const SAMPLE_MS = 5000;
/** Compiled code, pools and heaps find their size first. */
const WARMUP_MINUTES = 3;
/** After the warm-up two lows are left, the least that has a slope. */
const LEAST_MINUTES = 5;
/** Nothing that lives for months may gain more. */
const GOAL_MB_PER_MINUTE = 1;
const POST_LIMIT_MS = 15_000;
const DRAIN_LIMIT_MS = 60_000;

function rssMb(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Least squares; a single high or low reading moves it little. */
function slopePerMinute(samples) {
  const n = samples.length;
  const meanX = samples.reduce((sum, { minute }) => sum + minute, 0) / n;
  const meanY = samples.reduce((sum, { mb }) => sum + mb, 0) / n;
  const covariance = samples.reduce((sum, { minute, mb }) => sum + (minute - meanX) * (mb - meanY), 0);
  const variance = samples.reduce((sum, { minute }) => sum + (minute - meanX) ** 2, 0);
  return covariance / variance;
}

/** The lowest of each minute: what is above it is garbage that was not collected yet, 20 MB of it at times. */
function floors(samples) {
  const byMinute = new Map();
  for (const { minute, mb } of samples) {
    const whole = Math.floor(minute);
    byMinute.set(whole, Math.min(mb, byMinute.get(whole) ?? Infinity));
  }
  return [...byMinute].map(([minute, mb]) => ({ minute, mb }));
}

/** Posts at a rate until `signal` says stop. @returns events acknowledged and answers other than 202. */
async function post({ url, key, rate, signal }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const counts = { acknowledged: 0, others: 0 };
  const running = new Set();
  const startedAt = performance.now();
  for (let sent = 0; !signal.aborted; sent += EVENTS_PER_POST) {
    // Also when it is behind: nothing else of this process, answers and the end included, would get its turn.
    await delay(Math.max(0, startedAt + (1000 * sent) / rate - performance.now()));
    const posting = postOnce({ url, key, agent, first: sent }).then((status) => {
      if (status === 202) counts.acknowledged += EVENTS_PER_POST;
      else counts.others += 1;
      running.delete(posting);
    });
    running.add(posting);
  }
  await Promise.all(running);
  agent.destroy();
  return counts;
}

function postOnce({ url, key, agent, first }) {
  const events = Array.from({ length: EVENTS_PER_POST }, (_, index) => ({
    name: `soak.${(first + index) % 20}`,
    user_id: `user-${(first + index) % 10_000}`,
    amount: 1.5,
    data: { number: first + index, text: 'x'.repeat(150) },
  }));
  const headers = { 'x-api-key': key, 'content-type': 'application/json' };
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(POST_LIMIT_MS);
    const call = request(`${url}/api/v1/events`, { method: 'POST', agent, headers, signal }, (response) => {
      response.resume();
      response.on('error', () => resolve(0)); // cut off in the middle
      response.on('end', () => resolve(response.statusCode));
    });
    call.on('error', () => resolve(0));
    call.end(JSON.stringify(events));
  });
}

/** Samples until `signal` says stop, and prints a line per minute. */
async function watch(pids, signal) {
  const startedAt = performance.now();
  const samples = Object.fromEntries(Object.keys(pids).map((name) => [name, []]));
  for (let printed = 0; !signal.aborted;) {
    await delay(SAMPLE_MS, undefined, { signal }).catch(() => undefined);
    const minute = (performance.now() - startedAt) / 60_000;
    for (const [name, pid] of Object.entries(pids)) samples[name].push({ minute, mb: rssMb(pid) });
    if (Math.floor(minute) === printed) continue;
    printed = Math.floor(minute);
    const rss = Object.entries(samples).map(([name, each]) => [name, Math.round(each.at(-1).mb)]);
    process.stdout.write(`${JSON.stringify({ minute: printed, rss_mb: Object.fromEntries(rss) })}\n`);
  }
  return samples;
}

/** Waits for the last of what was acknowledged. @throws when it is not there exactly once; what was refused or unknown may be. */
async function countStored(service, { acknowledged, others }) {
  const deadline = performance.now() + DRAIN_LIMIT_MS;
  while ((await service.stored()) < acknowledged && performance.now() < deadline) await delay(100);
  const { rows, ids } = await service.counted();
  const most = acknowledged + others * EVENTS_PER_POST;
  if (rows !== ids || rows < acknowledged || rows > most) {
    throw new Error(`acknowledged ${acknowledged}, other answers ${others}, rows ${rows}, distinct ids ${ids}`);
  }
  return rows;
}

/**
 * Fails the run (exit code 1) when a process gains more than the goal.
 *
 * @param {import('./stack.mjs').Service} service fresh @param {{ minutes: number, rate: number }} options
 */
export async function soak(service, { minutes, rate }) {
  if (!(minutes >= LEAST_MINUTES)) throw new Error(`--minutes must be ${LEAST_MINUTES} or more for a slope`);
  const url = await service.startApi();
  await service.startConsumers(CONSUMERS);
  const pids = { api: service.apiPid };
  service.consumerPids.forEach((pid, index) => (pids[`consumer_${index + 1}`] = pid));
  const signal = AbortSignal.timeout(minutes * 60_000);
  const [counts, samples] = await Promise.all([post({ url, key: service.key, rate, signal }), watch(pids, signal)]);
  const slopes = Object.entries(samples).map(([name, each]) => {
    const steady = each.filter(({ minute }) => minute >= WARMUP_MINUTES && minute < minutes);
    return [name, Number(slopePerMinute(floors(steady)).toFixed(2))];
  });
  const storedRows = await countStored(service, counts);
  await service.stop();
  const overTheGoal = slopes.filter(([, slope]) => !(slope <= GOAL_MB_PER_MINUTE)).map(([name]) => name);
  if (overTheGoal.length > 0) process.exitCode = 1;
  return {
    ...counts,
    stored_rows: storedRows,
    mb_per_minute: Object.fromEntries(slopes),
    ...(overTheGoal.length > 0 ? { over_the_goal: overTheGoal } : {}),
  };
}
