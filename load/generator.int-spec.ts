import { execFile } from 'node:child_process';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

interface Sent {
  readonly event_id: string;
  readonly user_id: string;
}

interface Figures {
  readonly events: number;
  readonly acknowledgedIds: number;
  readonly unknownIds: number;
  readonly notAccepted: Record<string, number>;
}

const run = promisify(execFile);

function json(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-length': Buffer.byteLength(text) }).end(text);
}

describe('load/generator.mjs', () => {
  let server: Server;
  const received: { text: string; events: Sent[] }[] = [];
  let answer: (events: Sent[], response: ServerResponse, nth: number) => void;

  beforeAll(async () => {
    server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk) => (text += String(chunk)));
      request.on('end', () => {
        const events = [JSON.parse(text) as Sent | Sent[]].flat();
        received.push({ text, events });
        answer(events, response, received.length);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  beforeEach(() => {
    received.length = 0;
    answer = (events, response) => {
      const ids = events.map(({ event_id }) => event_id);
      json(response, 202, { rejected: 0, event_id: ids[0], event_ids: ids });
    };
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  async function load(...options: string[]): Promise<Figures> {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const script = join(__dirname, 'generator.mjs');
    const { stdout } = await run(process.execPath, [script, '--url', url, '--warmup', '0', ...options]);
    return JSON.parse(stdout) as Figures;
  }

  it('posts single events of about 300 bytes, each with an id of its own, and counts what was acknowledged', async () => {
    const { acknowledgedIds, notAccepted } = await load('--connections', '4', '--max-events', '200');
    const ids = new Set(received.flatMap(({ events }) => events.map(({ event_id }) => event_id)));
    expect([acknowledgedIds, ids.size, notAccepted]).toEqual([200, 200, {}]);
    expect(received[0]?.text.length).toBeGreaterThan(270);
    expect(received[0]?.text.length).toBeLessThan(330);
    expect(new Set(received.map(({ events }) => events[0]?.user_id)).size).toBeGreaterThan(150);
  });

  it('posts arrays and tells the refused of their events apart', async () => {
    answer = (events, response) => {
      const ids = events.map(({ event_id }, index) => (index === 3 ? null : event_id));
      json(response, 202, { rejected: 1, event_ids: ids });
    };
    const figures = await load('--connections', '2', '--batch', '10', '--max-events', '100');
    expect(received[0]?.events).toHaveLength(10);
    expect(figures).toMatchObject({ acknowledgedIds: 90, unknownIds: 0 });
  });

  it('counts what was not accepted by status, and requests that were never answered', async () => {
    answer = (_, response, nth) => {
      if (nth === 1) json(response, 503, {});
      else if (nth === 2) json(response, 422, {});
      else response.destroy();
    };
    const figures = await load('--connections', '1', '--max-events', '3');
    expect(figures).toMatchObject({ events: 0, acknowledgedIds: 0, unknownIds: 2 });
    expect(figures.notAccepted).toEqual({ '503': 1, '422': 1, lost: 1 });
  });

  it('sends earlier ids again when asked for duplicates', async () => {
    const { acknowledgedIds } = await load('--connections', '1', '--max-events', '400', '--duplicates', '0.5');
    expect(received).toHaveLength(400);
    expect(acknowledgedIds).toBeGreaterThan(100);
    expect(acknowledgedIds).toBeLessThan(300);
    expect(new Set(received.map(({ events }) => events[0]?.event_id)).size).toBe(acknowledgedIds);
  });
});
