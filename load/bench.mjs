#!/usr/bin/env node
/**
 * Measures the service on this machine: starts a Kafka broker, PostgreSQL, the API and three consumers as processes,
 * loads them, and prints rates, latencies, CPU per event by process, and peak memory. A workload counts only when every
 * acknowledged event is stored exactly once.
 */
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { runGrpcLoad } from './client/grpc-load.mjs';
import { measureCold } from './bench/cold.mjs';
import { measureErasure } from './bench/erase.mjs';
import { live } from './bench/live.mjs';
import { resume } from './bench/live-resume.mjs';
import { ProcessMeter } from './bench/process-meter.mjs';
import { soak } from './bench/soak.mjs';
import { Servers, Service } from './bench/stack.mjs';
import { addEvents, measureStatistics } from './bench/stats.mjs';
import { runLoad } from './generator.mjs';

const CONSUMERS = 3;
const WARMUP_MS = 3000;

const WORKLOADS = {
  W1: {
    about: 'one event a POST, 64 connections, consumers stopped',
    run: (bench) => accept(bench, { connections: 64, batch: 1 }),
  },
  W1e: {
    about: 'the same while three consumers store',
    run: (bench) => endToEnd(bench, { connections: 64, batch: 1 }),
  },
  W2: {
    about: 'batches of 100, 16 connections, all stored',
    run: (bench) => endToEnd(bench, { connections: 16, batch: 100 }),
  },
  W3: {
    about: 'batches of 1000, 4 connections, all stored',
    run: (bench) => endToEnd(bench, { connections: 4, batch: 1000 }),
  },
  W4: {
    about: 'W2 with 30 % duplicates',
    run: (bench) => endToEnd(bench, { connections: 16, batch: 100, duplicates: 0.3 }),
  },
  W2a: {
    about: 'W2 while an archiver moves a million old events',
    run: (bench) => endToEnd(bench, { connections: 16, batch: 100 }, archiveMeanwhile),
  },
  G1: {
    about: 'gRPC: one event a call, 64 at a time, consumers stopped; the client costs as much as the API',
    run: (bench) => accept(bench, { connections: 64, batch: 1, door: 'grpc' }),
  },
  G2: {
    about: 'gRPC: batches of 100, 16 at a time, all stored',
    run: (bench) => endToEnd(bench, { connections: 16, batch: 100, door: 'grpc' }),
  },
  W7: { about: 'drain of a backlog by three consumers', run: drain },
  live: {
    about: 'live subscribers, each without a filter',
    run: async (bench) => live(await bench.service(), bench.options),
  },
  resume: {
    about: 'live subscribers that come to another API at once, each behind its last event of seconds ago',
    run: async (bench) => resume(await bench.service(), bench.options),
  },
  stats: {
    about: 'latency of statistics and list pages over stored events',
    run: async (bench) => measureStatistics(await bench.service(), bench.options),
  },
  cold: { about: 'moving old events to files, and reading them there', run: measureCold },
  erase: { about: 'erasing a user who is in every file of old events, while more of them comes', run: measureErasure },
  soak: { about: 'memory under a steady load', run: async (bench) => soak(await bench.service(), bench.options) },
};

const HELP = `node load/bench.mjs [WORKLOAD...]      default: W1 W1e W2 W7; there are ${Object.keys(WORKLOADS).join(' ')}
  --seconds 10      of load, per workload
  --backlog 500000  events of W7
  --minutes 10      of soak
  --rate 2000       events per second of soak, live and resume
  --subscribers 200 of live and resume
  --rows 1000000    events of stats, cold and erase
  --rounds 1        of all workloads, in turns
`;

class Bench {
  constructor(servers, options) {
    this.servers = servers;
    this.options = options;
    this.runs = 0;
  }

  async service() {
    this.runs += 1;
    return Service.create(this.servers, `bench_${this.runs}`);
  }

  /** Has a service's old events moved without a rest. @returns a meter of what took part. */
  async archiving(service) {
    const moved = service.startArchiver({ MILLRACE_ARCHIVE_DUTY_PERCENT: '100' });
    const meter = this.meter(service, ['archiver', 'postgres']);
    await moved;
    return meter;
  }

  meter(service, names) {
    const groups = {
      api: { pids: service.apiPid === undefined ? [] : [service.apiPid] },
      consumers: { pids: service.consumerPids ?? [] },
      archiver: { pids: service.archiverPid === undefined ? [] : [service.archiverPid] },
      kafka: { pids: [this.servers.broker.pid] },
      postgres: { pids: [this.servers.postmasterPid], family: true },
    };
    return new ProcessMeter(Object.fromEntries(names.map((name) => [name, groups[name]])));
  }
}

/** Old events, moved for as long as it takes: their number is more than one run of a workload sees moved. */
async function archiveMeanwhile(service) {
  await addEvents(service.database, 1_000_000, { oldest: 400, newest: 9 });
  // It ends with the service, wherever it is then.
  return () => void service.startArchiver().catch(() => undefined);
}

function perEvent(used, events) {
  return Object.fromEntries(Object.entries(used).map(([name, us]) => [name, Number((us / events).toFixed(1))]));
}

async function load(service, url, durationMs, { door, ...shape }) {
  const { key, grpcAddress: address } = service;
  if (door === 'grpc') return runGrpcLoad({ address, key, durationMs, ...shape });
  return runLoad({ url, key, durationMs, warmupMs: 0, ...shape });
}

/** @returns when so many rows are stored; polls a sum over a dozen rows, which costs the database nothing. */
async function untilStored(service, events, limitMs = 300_000) {
  const deadline = performance.now() + limitMs;
  while ((await service.stored()) < events) {
    if (performance.now() > deadline) throw new Error(`only ${await service.stored()} of ${events} events are stored`);
    await delay(20);
  }
}

async function check(service, expected) {
  const { rows, ids } = await service.counted();
  if (rows !== ids || rows !== expected) throw new Error(`acknowledged ${expected}, rows ${rows}, distinct ids ${ids}`);
}

async function accept(bench, shape) {
  const service = await bench.service();
  const url = await service.startApi();
  const warm = await load(service, url, WARMUP_MS, shape);
  const meter = bench.meter(service, ['api', 'kafka']);
  const result = await load(service, url, bench.options.seconds * 1000, shape);
  const cpu = perEvent(meter.used(), result.events);
  const figures = {
    events_per_s: result.eventsPerSecond,
    p50_ms: result.p50Ms,
    p99_ms: result.p99Ms,
    cpu_us: cpu,
    client_us: Number(result.cpuUsPerRequest.toFixed(1)),
    peak_mb: meter.peakMb(),
  };
  // Measured without consumers; whether the answers were true shows when there are some.
  await service.startConsumers(CONSUMERS);
  const distinct = warm.acknowledgements.acknowledgedIds + result.acknowledgements.acknowledgedIds;
  await untilStored(service, distinct);
  await check(service, distinct);
  await service.stop();
  return figures;
}

async function endToEnd(bench, shape, prepare = () => () => undefined) {
  const service = await bench.service();
  const startMeanwhile = await prepare(service);
  const url = await service.startApi();
  await service.startConsumers(CONSUMERS);
  const warm = await load(service, url, WARMUP_MS, shape);
  await untilStored(service, warm.acknowledgements.acknowledgedIds);
  startMeanwhile();
  const meter = bench.meter(service, ['api', 'consumers', 'archiver', 'kafka', 'postgres']);
  const started = performance.now();
  const result = await load(service, url, bench.options.seconds * 1000, shape);
  const distinct = warm.acknowledgements.acknowledgedIds + result.acknowledgements.acknowledgedIds;
  const behind = distinct - (await service.stored());
  await untilStored(service, distinct);
  const seconds = (performance.now() - started) / 1000;
  const figures = {
    accepted_per_s: result.eventsPerSecond,
    all_stored_per_s: Math.round(result.events / seconds),
    behind_at_end: behind,
    p50_ms: result.p50Ms,
    p99_ms: result.p99Ms,
    cpu_us: perEvent(meter.used(), result.events),
    peak_mb: meter.peakMb(),
  };
  await check(service, distinct);
  await service.stop();
  return figures;
}

async function drain(bench) {
  const service = await bench.service();
  const url = await service.startApi();
  const { backlog } = bench.options;
  const shape = { connections: 4, batch: 1000, maxEvents: backlog };
  const filled = await runLoad({ url, key: service.key, durationMs: 600_000, warmupMs: 0, ...shape });
  const events = filled.acknowledgements.acknowledgedIds;
  // From when all have joined: starting three programs would be most of a small backlog's cost.
  await service.startConsumers(CONSUMERS);
  const before = await service.stored();
  const meter = bench.meter(service, ['consumers', 'kafka', 'postgres']);
  const started = performance.now();
  await untilStored(service, events);
  const seconds = (performance.now() - started) / 1000;
  const drained = events - before;
  const figures = {
    rows_per_s: Math.round(drained / seconds),
    cpu_us: perEvent(meter.used(), drained),
    peak_mb: meter.peakMb(),
  };
  await check(service, events);
  await service.stop();
  return figures;
}

async function main() {
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: text,
      backlog: text,
      minutes: text,
      rate: text,
      subscribers: text,
      rows: text,
      rounds: text,
      help: { type: 'boolean', short: 'h' },
    },
  });
  const names = positionals.length > 0 ? positionals : ['W1', 'W1e', 'W2', 'W7'];
  const unknown = names.filter((name) => !(name in WORKLOADS));
  if (values.help || unknown.length > 0) {
    process.stdout.write(HELP);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const options = {
    seconds: Number(values.seconds ?? 10),
    backlog: Number(values.backlog ?? 500_000),
    minutes: Number(values.minutes ?? 10),
    rate: Number(values.rate ?? 2000),
    subscribers: Number(values.subscribers ?? 200),
    rows: Number(values.rows ?? 1_000_000),
  };
  const servers = await Servers.start();
  try {
    const bench = new Bench(servers, options);
    for (let round = 1; round <= Number(values.rounds ?? 1); round += 1) {
      for (const name of names) {
        const figures = await WORKLOADS[name].run(bench);
        process.stdout.write(
          `${JSON.stringify({ workload: name, about: WORKLOADS[name].about, round, ...figures })}\n`,
        );
      }
    }
  } finally {
    await servers.stop();
  }
}

await main();
