/** Closed-loop load on the gRPC door, with the client that people use: its own cost is part of what it shows. */
import { createRequire } from 'node:module';
import { Acknowledgements } from './acknowledgements.mjs';
import { LatencyHistogram } from './latency-histogram.mjs';
import { eventIdOf, eventOf } from './request-template.mjs';

const require = createRequire(import.meta.url);
const CHANNELS = 4;

/**
 * @param {{ address: string, key: string, connections: number, batch: number, durationMs: number }} options `connections` calls are on their
 *   way at the same time, over four HTTP/2 connections
 * @returns {Promise<import('../generator.mjs').LoadResult>}
 */
export async function runGrpcLoad({ address, key, connections, batch, durationMs }) {
  const grpc = require('@grpc/grpc-js');
  const { loadEventsProto } = require('../../dist/libs/proto/src/index.js');
  const { EventIngest } = grpc.loadPackageDefinition(loadEventsProto()).millrace.events.v1;
  const metadata = new grpc.Metadata();
  metadata.set('x-api-key', key);
  // Channels to one address share a connection unless each has a pool of its own.
  const options = { 'grpc.use_local_subchannel_pool': 1 };
  const credentials = grpc.credentials.createInsecure();
  const clients = Array.from({ length: CHANNELS }, () => new EventIngest(address, credentials, options));

  const acknowledgements = new Acknowledgements();
  const latencies = new LatencyHistogram();
  const notAccepted = {};
  const counted = { events: 0, requests: 0 };
  const started = performance.now();
  const cpu = process.cpuUsage();
  const until = started + durationMs;

  function call(client, numbers) {
    const events = numbers.map((number, index) => messageOf(acknowledgements.idPrefix, number, index));
    return new Promise((resolve) => {
      const done = (error, reply) => resolve({ error, reply });
      if (batch === 1) client.Publish({ event: events[0] }, metadata, done);
      else client.PublishBatch({ events }, metadata, done);
    });
  }

  async function loop(client) {
    while (performance.now() < until) {
      const numbers = Array.from({ length: batch }, () => acknowledgements.take(0));
      const sentAt = performance.now();
      const { error, reply } = await call(client, numbers);
      latencies.add(performance.now() - sentAt);
      counted.requests += 1;
      if (error === null && (batch === 1 || reply.rejected === 0)) {
        for (const number of numbers) acknowledgements.acknowledge(number);
        counted.events += numbers.length;
      } else {
        const what = error === null ? 'rejected' : error.code;
        notAccepted[what] = (notAccepted[what] ?? 0) + 1;
      }
    }
  }

  await Promise.all(Array.from({ length: connections }, (_, index) => loop(clients[index % CHANNELS])));
  const seconds = (performance.now() - started) / 1000;
  const used = process.cpuUsage(cpu);
  for (const client of clients) client.close();
  return {
    ...counted,
    seconds,
    eventsPerSecond: Math.round(counted.events / seconds),
    p50Ms: latencies.ms(0.5),
    p99Ms: latencies.ms(0.99),
    notAccepted,
    cpuUsPerRequest: (used.user + used.system) / Math.max(1, counted.requests),
    acknowledgements,
  };
}

/** The event of the HTTP load. */
function messageOf(idPrefix, number, index) {
  const { data, occurred_at: _, ...event } = eventOf(eventIdOf(idPrefix, number), number, index);
  const now = Date.now();
  const occurredAt = { seconds: Math.floor(now / 1000), nanos: (now % 1000) * 1e6 };
  return { ...event, occurred_at: occurredAt, data_json: JSON.stringify(data) };
}
