import { randomUUID } from 'node:crypto';
import { CloudEvent, CONSTANTS, emitterFor, HTTP, httpTransport, Mode, type Message } from 'cloudevents';
import { cloudEventId } from '@app/events';
import { describeWithKafka, eventually } from '@app/testing';
import { Pipeline } from './pipeline';

jest.setTimeout(180_000);

type Case = readonly [about: string, event: CloudEvent<unknown>, data: object];

const base = (): { source: string; type: string; id: string } => ({
  source: 'https://shop.example.com/orders?region=eu',
  type: 'com.example.order.paid',
  id: randomUUID(),
});

const cases: readonly Case[] = [
  ['an object', new CloudEvent({ ...base(), subject: 'u1', tenant: 'acme', data: { total: 5 } }), { total: 5 }],
  ['a list', new CloudEvent({ ...base(), data: [1, { a: 'b' }] }), { value: [1, { a: 'b' }] }],
  ['text', new CloudEvent({ ...base(), datacontenttype: 'text/plain', data: 'schön' }), { value: 'schön' }],
  [
    'bytes',
    new CloudEvent({ ...base(), datacontenttype: 'application/octet-stream', data: Uint8Array.from([0, 128, 255]) }),
    { data_base64: 'AID/' },
  ],
];

describeWithKafka('the npm package of CloudEvents, as it is', ([broker]) => {
  let pipeline: Pipeline;
  let url: string;

  beforeAll(async () => {
    pipeline = await Pipeline.open(broker!);
    url = `${(await pipeline.api()).url}/api/v1/events`;
    pipeline.consumer();
  });
  afterAll(() => pipeline.close());

  const key = (): Record<string, string> => ({ 'X-API-Key': pipeline.key });

  async function post(message: Message): Promise<Response> {
    const headers = { ...(message.headers as Record<string, string>), ...key() };
    return fetch(url, { method: 'POST', headers, body: message.body as string | Uint8Array<ArrayBuffer> });
  }

  /** Waits until it can be read, and expects all of the event there. */
  async function expectStored(event: CloudEvent<unknown>, data: object): Promise<void> {
    await eventually(async () => {
      const answer = await fetch(`${url}/${cloudEventId(event.source, event.id)}`, { headers: key() });
      const stored = (await answer.json()) as Record<string, unknown>;
      const { source, type, time, subject, id, specversion } = event;
      expect(stored).toMatchObject({ source, name: type, occurred_at: time, user_id: subject ?? null, data });
      expect(stored['context']).toMatchObject({
        id,
        specversion,
        ...(event['tenant'] !== undefined && { tenant: event['tenant'] }),
      });
    }, 60_000);
  }

  describe.each([
    ['HTTP.binary', HTTP.binary],
    ['HTTP.structured', HTTP.structured],
  ])('%s', (_name, serialize) => {
    it.each(cases)('sends %s, which is stored', async (_about, event, data) => {
      const own = event.cloneWith({ id: randomUUID() });
      const answer = await post(serialize(own));
      expect(await answer.json()).toEqual({ event_id: cloudEventId(own.source, own.id), status: 'accepted' });
      expect(answer.status).toBe(202);
      await expectStored(own, data);
    });
  });

  it.each([Mode.BINARY, Mode.STRUCTURED])('its emitter sends in %s mode', async (mode) => {
    const emit = emitterFor(httpTransport(url), { mode });
    const event = cases[0]![1].cloneWith({ id: randomUUID() });
    const { body } = (await emit(event, { headers: key() })) as { body: string };
    expect(JSON.parse(body)).toMatchObject({ status: 'accepted' });
    await expectStored(event, { total: 5 });
  });

  it('its events are taken as a batch, and what is sent again, in whatever mode, is stored once', async () => {
    const events = cases.map(([, event]) => event);
    const batch = {
      headers: { [CONSTANTS.HEADER_CONTENT_TYPE]: CONSTANTS.MIME_CE_BATCH },
      body: JSON.stringify(events),
    };
    for (const message of [batch, batch, ...events.map(HTTP.binary), ...events.map(HTTP.structured)]) {
      expect((await post(message)).status).toBe(202);
    }
    for (const [, event, data] of cases) await expectStored(event, data);
    await pipeline.drained(60_000);
    const stored = await pipeline.storedIds();
    expect(new Set(stored).size).toBe(stored.length);
    for (const { source, id } of events) expect(stored).toContain(cloudEventId(source, id));
    const duplicates = (await pipeline.positions()).reduce((sum, position) => sum + position.duplicate, 0);
    expect(duplicates).toBe(3 * events.length);
  });

  it('an event without data is taken, too', async () => {
    const event = new CloudEvent(base());
    expect((await post(HTTP.structured(event))).status).toBe(202);
    expect((await post(HTTP.binary(event))).status).toBe(202);
    await expectStored(event, {});
  });
});
