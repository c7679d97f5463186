#!/usr/bin/env node
/**
 * Closed-loop load on POST /api/v1/events: N connections, each sends its next request as soon as the last one is
 * answered. Raw sockets and prebuilt bytes, since on a machine shared with what is measured the generator must cost
 * little; `--help` lists the options. `runLoad` is the same for a harness.
 */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Acknowledgements } from './client/acknowledgements.mjs';
import { Connection } from './client/connection.mjs';
import { LatencyHistogram } from './client/latency-histogram.mjs';
import { RequestTemplate } from './client/request-template.mjs';

/**
 * @typedef {object} LoadOptions
 * @property {string} url address of the API, http only
 * @property {string} key
 * @property {number} connections
 * @property {number} batch events per request; 1 posts an object, more an array
 * @property {number} durationMs measured time
 * @property {number} warmupMs load before it, not measured
 * @property {number} [maxEvents] ends the run early once so many were sent, warm-up included
 * @property {number} [duplicates] share of events with an id that was sent before, 0 to 1
 */

/**
 * @typedef {object} LoadResult
 * @property {number} events acknowledged in the measured time
 * @property {number} requests answered in the measured time
 * @property {number} seconds
 * @property {number} eventsPerSecond
 * @property {number} p50Ms
 * @property {number} p99Ms
 * @property {Record<string, number>} notAccepted requests by status other than 202, whole run; `lost`: never answered
 * @property {number} cpuUsPerRequest CPU of the generator itself
 * @property {Acknowledgements} acknowledgements of the whole run, warm-up included
 */

/**
 * @param {LoadOptions} options
 * @returns {Promise<LoadResult>}
 */
export async function runLoad(options) {
  const run = new LoadRun(options);
  await run.finished();
  return run.result();
}

/** Longer than the API waits for its log before it answers 503. */
const DRAIN_MS = 15_000;

class LoadRun {
  #options;
  #acknowledgements = new Acknowledgements();
  #latencies = new LatencyHistogram();
  #notAccepted = {};
  #sentEvents = 0;
  #events = 0;
  #requests = 0;
  /** 'warm-up', then 'measured', then 'over': nothing more is sent, what is on its way is awaited. */
  #phase = 'warm-up';
  #start = { ms: 0, cpu: undefined };
  #measured = { ms: 0, cpu: { user: 0, system: 0 } };
  #connections = [];
  #timers = [];
  #clock = { ms: 0, iso: '' };

  constructor(options) {
    this.#options = { duplicates: 0, maxEvents: Infinity, ...options };
  }

  async finished() {
    const { connections, warmupMs } = this.#options;
    const running = Array.from({ length: connections }, () => this.#connect());
    this.#timers.push(setTimeout(() => this.#measure(), warmupMs));
    try {
      await Promise.all(running);
    } finally {
      this.#timers.forEach((timer) => clearTimeout(timer));
      this.#connections.forEach((connection) => connection.end());
    }
  }

  #measure() {
    if (this.#phase !== 'warm-up') return;
    this.#phase = 'measured';
    this.#start = { ms: performance.now(), cpu: process.cpuUsage() };
    this.#timers.push(setTimeout(() => this.#stop(), this.#options.durationMs));
  }

  #stop() {
    if (this.#phase === 'over') return;
    const { ms, cpu } = this.#start;
    if (this.#phase === 'measured') this.#measured = { ms: performance.now() - ms, cpu: process.cpuUsage(cpu) };
    this.#phase = 'over';
    this.#timers.push(setTimeout(() => this.#connections.forEach((connection) => connection.end()), DRAIN_MS));
  }

  result() {
    const { ms, cpu } = this.#measured;
    return {
      events: this.#events,
      requests: this.#requests,
      seconds: ms / 1000,
      eventsPerSecond: ms === 0 ? 0 : Math.round(this.#events / (ms / 1000)),
      p50Ms: this.#latencies.ms(0.5),
      p99Ms: this.#latencies.ms(0.99),
      notAccepted: this.#notAccepted,
      cpuUsPerRequest: this.#requests === 0 ? 0 : (cpu.user + cpu.system) / this.#requests,
      acknowledgements: this.#acknowledgements,
    };
  }

  #connect() {
    const { url, key, batch } = this.#options;
    const { hostname, port, host, protocol } = new URL(url);
    if (protocol !== 'http:') throw new Error('the generator speaks http only');
    const { idPrefix } = this.#acknowledgements;
    const shape = { host, path: '/api/v1/events', key, events: batch, array: batch > 1, idPrefix };
    const template = new RequestTemplate(shape);
    const numbers = new Array(batch).fill(0);
    return new Promise((resolve, reject) => {
      const connection = new Connection(
        { host: hostname, port: Number(port || 80) },
        {
          next: () => (this.#take(numbers) ? template.fill(numbers, this.#now()) : undefined),
          answered: (status, body, latencyMs) => this.#answered(numbers, { status, body, latencyMs }),
          lost: () => this.#count('lost'),
          isOver: () => this.#phase === 'over',
          failed: reject,
          closed: resolve,
        },
      );
      this.#connections.push(connection);
      connection.open();
    });
  }

  #take(numbers) {
    if (this.#sentEvents >= this.#options.maxEvents) this.#stop();
    if (this.#phase === 'over') return false;
    this.#sentEvents += numbers.length;
    for (let index = 0; index < numbers.length; index += 1) {
      numbers[index] = this.#acknowledgements.take(this.#options.duplicates);
    }
    return true;
  }

  /** The text is made once per millisecond. */
  #now() {
    const ms = Date.now();
    if (ms !== this.#clock.ms) this.#clock = { ms, iso: new Date(ms).toISOString() };
    return this.#clock.iso;
  }

  #answered(numbers, { status, body, latencyMs }) {
    const accepted = status === 202 ? this.#settleAccepted(numbers, body) : 0;
    if (status !== 202) this.#count(status);
    if (status >= 400 && status < 500) for (const number of numbers) this.#acknowledgements.refuse(number);
    if (this.#phase !== 'measured') return;
    this.#requests += 1;
    this.#events += accepted;
    this.#latencies.add(latencyMs);
  }

  #settleAccepted(numbers, body) {
    const acknowledgements = this.#acknowledgements;
    if (numbers.length === 1 || body.includes('"rejected":0')) {
      for (let index = 0; index < numbers.length; index += 1) acknowledgements.acknowledge(numbers[index]);
      return numbers.length;
    }
    const { event_ids: ids } = JSON.parse(body.toString('utf8'));
    numbers.forEach((number, index) => {
      if (ids[index] === null) acknowledgements.refuse(number);
      else acknowledgements.acknowledge(number);
    });
    return ids.filter((id) => id !== null).length;
  }

  #count(what) {
    this.#notAccepted[what] = (this.#notAccepted[what] ?? 0) + 1;
  }
}

const HELP = `node load/generator.mjs --url http://127.0.0.1:3000 --key KEY
  --connections 64   requests on their way at the same time
  --batch 1          events per request, 1 to 1000
  --duration 10      seconds measured
  --warmup 3         seconds before, not measured
  --max-events N     stop once so many were sent
  --duplicates 0     share of events sent with an id of an earlier one
  --ids FILE         write the acknowledged ids, one a line
`;

async function main() {
  const text = { type: 'string' };
  const { values } = parseArgs({
    options: {
      url: { ...text, default: 'http://127.0.0.1:3000' },
      key: { ...text, default: '' },
      connections: { ...text, default: '64' },
      batch: { ...text, default: '1' },
      duration: { ...text, default: '10' },
      warmup: { ...text, default: '3' },
      'max-events': { ...text, default: 'Infinity' },
      duplicates: { ...text, default: '0' },
      ids: text,
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const { acknowledgements, ...figures } = await runLoad({
    url: values.url,
    key: values.key,
    connections: Number(values.connections),
    batch: Number(values.batch),
    durationMs: Number(values.duration) * 1000,
    warmupMs: Number(values.warmup) * 1000,
    maxEvents: Number(values['max-events']),
    duplicates: Number(values.duplicates),
  });
  const { acknowledgedIds, unknownIds } = acknowledgements;
  process.stdout.write(`${JSON.stringify({ ...figures, acknowledgedIds, unknownIds })}\n`);
  if (values.ids !== undefined) await pipeline(linesOf(acknowledgements.ids()), createWriteStream(values.ids));
}

function* linesOf(ids) {
  for (const id of ids) yield `${id}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
