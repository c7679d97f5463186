import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Recorder, type RecorderOptions } from './recorder';

interface Posted {
  readonly event_id: string;
  readonly n: number;
}
type Behaviour = (events: readonly Posted[], response: ServerResponse, nth: number) => void;

/** Stands in for an API that fails in ways a healthy one cannot be brought to. */
class FaultyApi {
  private server: Server | undefined;
  private requests = 0;
  port = 0;

  constructor(private readonly behaviour: Behaviour) {}

  async start(): Promise<void> {
    this.server = createServer((request, response) => void this.answer(request, response));
    await new Promise<void>((resolve) => this.server?.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const body = JSON.parse(text) as Posted | Posted[];
    this.requests += 1;
    this.behaviour(Array.isArray(body) ? body : [body], response, this.requests);
  }
}

const accept: Behaviour = (events, response) => {
  const ids = events.map(({ event_id }) => event_id);
  response.writeHead(202).end(JSON.stringify({ event_id: ids[0], event_ids: ids }));
};

describe('Recorder', () => {
  let api: FaultyApi;

  async function record(behaviour: Behaviour, options: Partial<RecorderOptions>): Promise<Recorder> {
    api = new FaultyApi(behaviour);
    await api.start();
    const url = (): string => `http://127.0.0.1:${api.port}`;
    const eventOf = (n: number): Record<string, unknown> => ({ n });
    const usual = { key: 'k', connections: 1, eventsPerRequest: 1, retryUnknown: false };
    return new Recorder({ ...usual, url, eventOf, ...options });
  }

  afterEach(() => api.stop());

  it('sends every event once from several loops', async () => {
    const seen: number[] = [];
    const spy: Behaviour = (events, response, nth) => {
      seen.push(...events.map(({ n }) => n));
      accept(events, response, nth);
    };
    const recorder = await record(spy, { events: 1003, connections: 8, eventsPerRequest: 10 });
    const log = await recorder.run();
    expect([log.size, log.count('ok'), recorder.acknowledged]).toEqual([1003, 1003, 1003]);
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 1003 }, (_, n) => n));
  });

  it('tells refused from unknown from ok', async () => {
    const behaviours: Behaviour[] = [
      accept,
      (_, response) => response.writeHead(422).end('{}'),
      (_, response) => response.writeHead(503).end('{}'),
      (_, response) => response.destroy(),
      (_, response) => {
        response.writeHead(202, { 'content-length': '500' });
        response.write('{"event_id":', () => response.destroy());
      },
      () => undefined, // never answers
    ];
    const recorder = await record((events, response, nth) => behaviours[nth - 1]?.(events, response, nth), {
      events: behaviours.length,
      timeoutMs: 300,
    });
    const log = await recorder.run();
    expect(behaviours.map((_, n) => log.outcomeOf(n))).toEqual(['ok', 'refused', ...Array<string>(4).fill('unknown')]);
  });

  it('reads the outcome of each event of an array', async () => {
    const second: Behaviour = (events, response) => {
      const ids = events.map(({ event_id }, index) => (index === 1 ? null : event_id));
      response.writeHead(202).end(JSON.stringify({ event_ids: ids }));
    };
    const log = await (await record(second, { events: 3, eventsPerRequest: 3 })).run();
    expect([0, 1, 2].map((n) => log.outcomeOf(n))).toEqual(['ok', 'refused', 'ok']);
  });

  it('sends what is unknown again with the same id until it is answered', async () => {
    const ids: string[] = [];
    const second: Behaviour = (events, response, nth) => {
      ids.push(events[0]!.event_id);
      if (nth === 1) response.destroy();
      else accept(events, response, nth);
    };
    const log = await (await record(second, { events: 1, retryUnknown: true })).run();
    expect(log.outcomeOf(0)).toBe('ok');
    expect(ids).toEqual([log.eventIdOf(0), log.eventIdOf(0)]);
  });

  it('does not call an event refused that may have been taken the time before', async () => {
    const flip: Behaviour = (_, response, nth) => response.writeHead(nth === 1 ? 503 : 422).end('{}');
    const log = await (await record(flip, { events: 1, retryUnknown: true })).run();
    expect(log.outcomeOf(0)).toBe('unknown');
  });

  it('goes on when the API comes back on the same port', async () => {
    let taken = 0;
    const recorder = await record(
      (events, response, nth) => {
        taken += 1;
        if (taken === 3) void api.stop().then(() => api.start());
        accept(events, response, nth);
      },
      { events: 20, retryUnknown: true },
    );
    expect((await recorder.run()).count('ok')).toBe(20);
  });

  it('fails on a 202 that names another id', async () => {
    const recorder = await record((_, response) => response.writeHead(202).end('{"event_id":"other"}'), { events: 1 });
    await expect(recorder.run()).rejects.toThrow('does not name the id');
  });

  it('stops when told to', async () => {
    const recorder = await record((events, response, nth) => {
      if (nth === 5) recorder.stop();
      accept(events, response, nth);
    }, {});
    expect((await recorder.run()).size).toBe(5);
  });
});
