import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import request from 'supertest';
import { eventually, outageSize, Recorder } from '@app/testing';
import { ApiProcess } from './api-process';

jest.setTimeout(120_000);

const MIB = 1024 * 1024;
const onLinux = process.platform === 'linux' ? it : it.skip;

/** A port where nobody listens: what a client sees of a Kafka that is stopped. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('the API while Kafka is dead', () => {
  let api: ApiProcess;

  beforeAll(async () => {
    api = await ApiProcess.start({ MILLRACE_LOG: 'kafka', KAFKA_BROKERS: `127.0.0.1:${await deadPort()}` });
    await api.process.logged('Kafka does not confirm: events are refused until it does.');
  });
  afterAll(() => api.stop());

  const post = (body: object): request.Test =>
    request(api.url).post('/api/v1/events').set('X-API-Key', api.key).send(body);

  it('answers 503 with Retry-After and the ids, in less than 50 ms', async () => {
    const refused = await post([{ event_id: '0192f0c1-2345-7abc-8def-0123456789ab', name: 'a' }, { name: 'b' }]);
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(refused.body).toMatchObject({
      type: 'urn:millrace:problem:unconfirmed',
      event_ids: ['0192f0c1-2345-7abc-8def-0123456789ab', expect.stringMatching(/^[0-9a-f-]{36}$/)],
    });
    // The fastest of some: the machine may be busy with something else in any one of them.
    await eventually(async () => {
      const before = performance.now();
      await post({ name: 'n' });
      expect(performance.now() - before).toBeLessThan(50);
    });
  });

  it('is alive, and ready: another replica would not reach Kafka either', async () => {
    expect((await request(api.url).get('/healthz')).status).toBe(200);
    await eventually(async () => {
      expect((await request(api.url).get('/readyz')).status).toBe(200);
    });
  });

  onLinux('does not grow while 64 clients keep posting', async () => {
    const recorder = new Recorder({
      url: () => api.url,
      key: api.key,
      connections: 64,
      eventsPerRequest: 20,
      eventOf: (number) => ({ name: 'n', data: { number, filler: 'x'.repeat(300) } }),
      retryUnknown: false,
    });
    const run = recorder.run();
    const sent = async (events: number): Promise<number> => {
      await eventually(() => {
        expect(recorder.log.size).toBeGreaterThan(events);
      }, 90_000);
      return api.rssBytes;
    };
    const warm = await sent(outageSize.events / 2);
    const later = await sent(outageSize.events * 2);
    recorder.stop();
    await run;
    expect(recorder.log.count('unknown')).toBe(recorder.log.size);
    expect(later - warm).toBeLessThan(40 * MIB);
    process.stderr.write(`API with a dead Kafka: ${Math.round(warm / MIB)} MiB, then ${Math.round(later / MIB)} MiB\n`);
  });
});
