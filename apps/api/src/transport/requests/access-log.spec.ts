import type { IncomingMessage } from 'node:http';
import { pino } from 'pino';
import { mintApiKey } from '@app/persistence';
import { AccessLog } from './access-log';
import type { AnsweredRequest } from './answered-request';

const HOT = '/api/v1/events';

describe('AccessLog', () => {
  let lines: Record<string, unknown>[];
  let now: number;

  beforeEach(() => {
    jest.useFakeTimers();
    lines = [];
    now = 0;
  });
  afterEach(() => jest.useRealTimers());

  function logOf(sample: number, level = 'info'): AccessLog {
    const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
    return new AccessLog(pino({ level }, { write }), { hotRoutes: new Set([HOT, '/v1/t']), sample }, () => now);
  }

  function answered(changes: Partial<AnsweredRequest> & { readonly method?: string } = {}): AnsweredRequest {
    const { method = 'POST', ...rest } = changes;
    const request = { method, url: `${HOT}?secret=1`, headers: {} } as IncomingMessage;
    return { request, route: HOT, status: 202, durationMs: 1.26, ...rest };
  }

  it('tells what was asked by its template, and who by the id of the key', () => {
    const key = mintApiKey();
    const request = { method: 'GET', url: '/api/v1/events/x?y=z', headers: { 'x-api-key': key.text } };
    const route = '/api/v1/events/:event_id';
    logOf(1).write(answered({ request: request as unknown as IncomingMessage, route, status: 200 }));
    const line = { method: 'GET', path: route, status: 200, duration_ms: 1.3, key_id: key.id };
    expect(lines).toEqual([expect.objectContaining(line)]);
    expect(JSON.stringify(lines)).not.toMatch(/y=z|"x"/);
    expect(JSON.stringify(lines)).not.toContain(key.secret);
  });

  it('has one line for so many accepted posts, and one for each request of another kind', () => {
    const log = logOf(100);
    for (let n = 0; n < 1000; n += 1) log.write(answered());
    expect(lines).toHaveLength(10);
    for (let n = 0; n < 5; n += 1) log.write(answered({ method: 'GET', status: 200 }));
    expect(lines).toHaveLength(15);
  });

  it.each([
    ['PUT', HOT],
    ['POST', '/v1/t'],
  ])('takes the accepted %s of %s for one of many, too', (method, route) => {
    const log = logOf(100);
    for (let n = 0; n < 1000; n += 1) log.write(answered({ method, route, status: 200 }));
    expect(lines).toHaveLength(10);
  });

  it('has a line for each refusal up to 20 in a second, and one for the number of the others', () => {
    const log = logOf(1_000_000);
    for (let n = 0; n < 1000; n += 1) log.write(answered({ status: 401 }));
    expect(lines).toHaveLength(20);
    jest.advanceTimersByTime(1000);
    expect(lines.slice(20)).toEqual([expect.objectContaining({ refusals: 980 })]);
    now += 1000;
    log.write(answered({ status: 503 }));
    expect(lines[21]).toMatchObject({ status: 503 });
  });

  it('names neither the path nor the length of the paths that nobody takes', () => {
    logOf(1).write(answered({ route: undefined, status: 404 }));
    expect(lines).toEqual([expect.objectContaining({ path: 'unmatched', status: 404 })]);
  });

  it('tells of clients that went away', () => {
    logOf(100).write(answered({ status: undefined }));
    expect(lines).toEqual([expect.objectContaining({ status: null, msg: 'A client went away before its answer.' })]);
  });

  it.each(['/healthz', '/readyz', '/health', '/metrics'])('tells of %s only to who debugs', (route) => {
    logOf(1).write(answered({ method: 'GET', route, status: 503 }));
    expect(lines).toEqual([]);
    logOf(1, 'debug').write(answered({ method: 'GET', route, status: 503 }));
    expect(lines).toHaveLength(1);
  });

  it('tells of who guesses at the key of the metrics', () => {
    logOf(100).write(answered({ method: 'GET', route: '/metrics', status: 401 }));
    expect(lines).toEqual([expect.objectContaining({ path: '/metrics', status: 401 })]);
  });
});
