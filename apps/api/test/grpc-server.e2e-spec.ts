import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { credentials, loadPackageDefinition, type Client, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoPath as healthProto } from 'grpc-health-check';
import { pino } from 'pino';
import { loadApiConfig } from '@app/config';
import { eventually, TcpProxy } from '@app/testing';
import { startApi, type RunningApi } from '../src/start-api';
import { decodeStatusDetails } from './grpc-status-details';
import { GrpcClient, StreamWatch } from './grpc-client';
import { runningApi, type TestApi } from './running-api';

jest.setTimeout(60_000);

interface Duplex {
  on(event: 'data', take: (answer: Record<string, unknown>) => void): void;
  on(event: 'error', take: (error: Error) => void): void;
  write(request: object): void;
  end(): void;
}

function clientOf(file: string, name: string, address: string): Client & Record<string, unknown> {
  const pack = loadPackageDefinition(loadSync(file, { keepCase: true, enums: String, oneofs: true }));
  const service = name.split('.').reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], pack);
  return new (service as ServiceClientConstructor)(address, credentials.createInsecure());
}

/** One question to server reflection. */
async function reflect(version: string, address: string, question: object): Promise<Record<string, unknown>> {
  const root = dirname(createRequire(__filename).resolve('@grpc/reflection/package.json'));
  const file = join(root, `build/proto/grpc/reflection/${version}/reflection.proto`);
  const client = clientOf(file, `grpc.reflection.${version}.ServerReflection`, address);
  const stream = (client['ServerReflectionInfo'] as () => Duplex).call(client);
  try {
    return await new Promise((resolve, reject) => {
      stream.on('data', resolve);
      stream.on('error', reject);
      stream.write(question);
    });
  } finally {
    stream.end();
    client.close();
  }
}

async function health(address: string, service: string): Promise<string> {
  const client = clientOf(healthProto, 'grpc.health.v1.Health', address);
  try {
    return await new Promise((resolve, reject) => {
      const check = client['Check'] as (request: object, done: (error: Error | null, answer: unknown) => void) => void;
      check.call(client, { service }, (error, answer) => {
        if (error === null) resolve((answer as { status: string }).status);
        else reject(error);
      });
    });
  } finally {
    client.close();
  }
}

describe('the gRPC server', () => {
  let test: TestApi;

  beforeAll(async () => {
    test = await runningApi();
  });
  afterAll(() => test.stop());

  it.each(['v1', 'v1alpha'])('tells its services and their description by reflection %s', async (version) => {
    const listed = await reflect(version, test.api.grpc, { list_services: '*' });
    const { service } = listed['list_services_response'] as { service: { name: string }[] };
    expect(service.map(({ name }) => name).sort()).toEqual(['grpc.health.v1.Health', 'millrace.events.v1.EventIngest']);
    const symbol = { file_containing_symbol: 'millrace.events.v1.EventIngest' };
    const described = await reflect(version, test.api.grpc, symbol);
    const { file_descriptor_proto: files } = described['file_descriptor_response'] as {
      file_descriptor_proto: Buffer[];
    };
    const text = Buffer.concat(files).toString('latin1');
    for (const word of ['PublishStream', 'data_json', 'occurred_at', 'Timestamp']) expect(text).toContain(word);
  });

  it('serves, by grpc.health.v1, once it is ready', async () => {
    for (const service of ['', 'millrace.events.v1.EventIngest']) {
      await eventually(async () => {
        expect(await health(test.api.grpc, service)).toBe('SERVING');
      });
    }
    await expect(health(test.api.grpc, 'other')).rejects.toThrow('NOT_FOUND');
  });
});

interface Stage {
  readonly api: RunningApi;
  readonly client: GrpcClient;
  readonly proxy: TcpProxy;
  close(): Promise<void>;
}

/** An API whose only way to its database, and so to the embedded log, is a proxy. */
async function proxied(environment: Record<string, string>): Promise<Stage> {
  const test = await runningApi();
  const url = new URL(test.db.url);
  const proxy = await TcpProxy.to(Number(url.port), url.hostname);
  url.host = `127.0.0.1:${proxy.port}`;
  const config = loadApiConfig({
    DATABASE_URL: url.href,
    MILLRACE_LOG: 'postgres',
    PORT: '0',
    MILLRACE_DRAIN_DELAY_MS: '0',
    ...environment,
  });
  const onFatal = (error: unknown): void => {
    throw error;
  };
  const api = await startApi(config, pino({ level: 'silent' }), { onFatal });
  const client = new GrpcClient(api.grpc, test.key);
  const close = async (): Promise<void> => {
    client.close();
    await api.close();
    await proxy.close();
    await test.stop();
  };
  return { api, client, proxy, close };
}

describe('while the log does not confirm', () => {
  it('a call is UNAVAILABLE with the ids, and events are taken again when it does', async () => {
    const stage = await proxied({ MILLRACE_PUBLISH_TIMEOUT_MS: '500' });
    const { client, proxy } = stage;
    expect((await client.publish({ event: { name: 'makes the key known' } })).code).toBe('OK');
    proxy.cut();
    const ids = ['0192f0c1-2345-7abc-8def-0123456789ab', '0192f0c1-2345-7abc-8def-0123456789ac'];
    const events = [{ name: 'a', event_id: ids[0] }, {}, { name: 'c', event_id: ids[1] }];
    const end = await client.publishBatch({ events });
    expect(end.code).toBe('UNAVAILABLE');
    expect(end.metadata.get('event-ids')).toEqual([`${ids[0] ?? ''},,${ids[1] ?? ''}`]);
    expect(decodeStatusDetails(end.metadata)).toMatchObject({ reason: 'UNCONFIRMED', retryAfterSeconds: 2 });
    proxy.heal();
    await eventually(async () => {
      expect((await client.publishBatch({ events })).reply?.accepted).toBe(2);
    });
    await stage.close();
  });
});

describe('the API that stops', () => {
  it('answers what a stream has sent before, then ends it so that the client tries elsewhere', async () => {
    const test = await runningApi();
    const client = new GrpcClient(test.api.grpc, test.key);
    const stream = client.stream();
    const watch = new StreamWatch(stream);
    let sent = 0;
    let over = false;
    void watch.ended.then(() => (over = true));
    const send = (): void => {
      if (over) return;
      sent += 1;
      stream.write({ events: [{ name: 'n' }] }, () => setImmediate(send));
    };
    send();
    await eventually(() => {
      expect(watch.replies.length).toBeGreaterThan(20);
    });
    await test.api.close();
    expect((await watch.ended).code).toBe('UNAVAILABLE');
    const [row] = await test.db.database.query<{ count: number }>('SELECT count(*)::int AS count FROM log_records');
    // Nothing that was answered is missing; what was read has been answered.
    expect(row?.count).toBe(watch.replies.length);
    expect(sent).toBeGreaterThanOrEqual(watch.replies.length);
    client.close();
    await test.stop();
  });
});
