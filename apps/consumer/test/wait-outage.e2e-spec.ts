import { performance } from 'node:perf_hooks';
import { describeWithKafka, eventually, TcpProxy } from '@app/testing';
import { Pipeline } from './pipeline';

/** Booting, joining, ten seconds of waiting, and recovering, on a slow machine. */
jest.setTimeout(240_000);

interface Answer {
  readonly status: number;
  readonly body: { readonly event_id?: string; readonly event_ids?: readonly string[]; readonly status?: string };
}

describeWithKafka('?wait=stored while PostgreSQL is away from API and consumer', ([broker = '']) => {
  let pipeline: Pipeline;
  let proxy: TcpProxy;
  let url: string;

  beforeAll(async () => {
    pipeline = await Pipeline.open(broker);
    const database = new URL(pipeline.db.url);
    proxy = await TcpProxy.to(Number(database.port), database.hostname);
    database.host = `127.0.0.1:${proxy.port}`;
    const environment = { DATABASE_URL: database.href };
    [{ url }] = await Promise.all([pipeline.api(0, environment), pipeline.joinedConsumer(environment)]);
    // Also makes the key known to the API.
    await eventually(async () => {
      expect((await post({ name: 'before' })).status).toBe(201);
    }, 60_000);
  });
  afterAll(async () => {
    await pipeline.close();
    await proxy.close();
  });

  async function post(body: unknown): Promise<Answer> {
    const answer = await fetch(`${url}/api/v1/events?wait=stored`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': pipeline.key },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Answer['body'] };
  }

  it('is 202 when the time is over; once it is back the events are stored, and asking again tells so', async () => {
    proxy.cut();
    const startedAt = performance.now();
    const [one, many] = await Promise.all([post({ name: 'one' }), post([{ name: 'a' }, { name: 'b' }])]);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(9_900);
    expect(one).toMatchObject({ status: 202, body: { status: 'accepted' } });
    expect(many).toMatchObject({ status: 202, body: { accepted: 2, rejected: 0, errors: [] } });
    expect(many.body).not.toHaveProperty('data');
    const ids = [one.body.event_id, ...(many.body.event_ids ?? [])];
    expect(await pipeline.storedIds()).not.toEqual(expect.arrayContaining([ids[0]]));

    proxy.heal();
    await eventually(async () => {
      expect(await pipeline.storedIds()).toEqual(expect.arrayContaining(ids));
    }, 90_000);
    await eventually(async () => {
      expect((await post({ event_id: ids[0], name: 'again' })).status).toBe(200);
    }, 60_000);
  });
});
