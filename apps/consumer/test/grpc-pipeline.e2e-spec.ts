import { randomUUID } from 'node:crypto';
import { describeWithKafka, eventually } from '@app/testing';
import { GrpcClient, StreamWatch } from '../../api/test/grpc-client';
import { Pipeline } from './pipeline';

jest.setTimeout(180_000);

interface Sent {
  readonly event_id: string;
  readonly name: string;
  readonly user_id: string;
  readonly amount: number;
  readonly data_json: string;
}

let sent = 0;

function anEvent(): Sent {
  sent += 1;
  const data_json = `{"n":${sent}}`;
  return { event_id: randomUUID(), name: 'order.paid', user_id: `u${sent % 5}`, amount: sent / 4, data_json };
}

const events = (count: number): Sent[] => Array.from({ length: count }, anEvent);

describeWithKafka('gRPC, from its client through Kafka to the rows', ([broker]) => {
  let pipeline: Pipeline;
  let client: GrpcClient;

  beforeAll(async () => {
    pipeline = await Pipeline.open(broker!);
    const { process } = await pipeline.api();
    const { grpc_port: port } = await process.logged('The API listens.');
    client = new GrpcClient(`127.0.0.1:${String(port)}`, pipeline.key);
    pipeline.consumer();
  });
  afterAll(async () => {
    client.close();
    await pipeline.close();
  });

  async function expectStoredOnce(all: readonly Sent[]): Promise<void> {
    await eventually(async () => {
      expect(await pipeline.storedIds()).toEqual(expect.arrayContaining(all.map(({ event_id }) => event_id)));
    }, 60_000);
    await pipeline.drained(60_000);
    const rows = await pipeline.db.database.query<{ event_id: string }>(
      'SELECT event_id, name, user_id, amount::float8, data FROM events WHERE event_id = ANY ($1)',
      [all.map(({ event_id }) => event_id)],
    );
    const byId = (a: { event_id: string }, b: { event_id: string }): number => (a.event_id < b.event_id ? -1 : 1);
    const wanted = all.map(({ data_json, ...rest }) => ({ ...rest, data: JSON.parse(data_json) as object }));
    expect(rows.sort(byId)).toEqual(wanted.sort(byId));
  }

  it('Publish stores its event once, sent twice or not', async () => {
    const event = anEvent();
    for (let time = 0; time < 2; time += 1) {
      expect(await client.publish({ event })).toMatchObject({ code: 'OK', reply: { event_id: event.event_id } });
    }
    await expectStoredOnce([event]);
  });

  it('PublishBatch stores the good events of a batch once', async () => {
    const good = events(50);
    const { code, reply } = await client.publishBatch({ events: [...good, {}, ...good.slice(0, 5)] });
    expect(code).toBe('OK');
    expect(reply).toMatchObject({ accepted: 55, rejected: 1 });
    await expectStoredOnce(good);
  });

  it('PublishStream stores every batch once', async () => {
    const batches = Array.from({ length: 20 }, () => events(25));
    const stream = client.stream();
    const watch = new StreamWatch(stream);
    for (const batch of batches) stream.write({ events: batch });
    stream.end();
    expect(await watch.ended).toMatchObject({ code: 'OK' });
    expect(watch.replies.flatMap(({ event_ids }) => event_ids)).toEqual(batches.flat().map((event) => event.event_id));
    await expectStoredOnce(batches.flat());
  });
});
