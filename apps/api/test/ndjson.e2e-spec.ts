import { gzipSync } from 'node:zlib';
import request, { type Test } from 'supertest';
import { runningApi, type TestApi } from './running-api';

const ID = '0192f0c1-2345-7abc-8def-0123456789ab';

let test: TestApi;

beforeAll(async () => {
  test = await runningApi();
});
afterAll(() => test.stop());
beforeEach(async () => {
  await test.db.database.query('DELETE FROM log_records');
});

function post(body: string | Buffer, query = ''): Test {
  return request(test.api.url)
    .post(`/api/v1/events${query}`)
    .set({ 'X-API-Key': test.key, 'Content-Type': 'application/x-ndjson' })
    .serialize((value: unknown) => value as string)
    .send(body as string);
}

/** Names of the events on the log, sorted. */
async function logged(): Promise<string[]> {
  const rows = await test.db.database.query<{ value: Buffer }>('SELECT value FROM log_records');
  return rows.map(({ value }) => (JSON.parse(value.toString()) as { name: string }).name).sort();
}

function lines(count: number): string {
  return '{"name":"n"}\n'.repeat(count);
}

describe('events, one a line', () => {
  it('are answered as an array is, and those that are good are on the log', async () => {
    const body = [`{"name":"a","event_id":"${ID}"}`, '{"name":', '{"name":""}', '{"name":"d"}'];
    const answer = await post(body.join('\n'));
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({
      accepted: 2,
      rejected: 2,
      event_ids: [ID, null, null, expect.any(String)],
      errors: [
        { index: 1, field: '', code: 'format', message: expect.stringContaining('is not JSON') as string },
        { index: 2, field: 'name', code: 'length', message: expect.any(String) as string },
      ],
    });
    expect(await logged()).toEqual(['a', 'd']);
  });

  it('may stand between blank lines, which do not count, and end as Windows ends them', async () => {
    const answer = await post('\r\n{"name":"a"}\r\n \t\r\n\n{"name":}\r\n{"name":"b"}\r\n\r\n');
    expect(answer.body).toMatchObject({ accepted: 2, rejected: 1, errors: [{ index: 1, code: 'format' }] });
    expect(await logged()).toEqual(['a', 'b']);
  });

  it('may begin with a byte order mark, name their charset, and be gzipped', async () => {
    const zipped = post(gzipSync('\ufeff{"name":"a"}\n{"name":"é😀"}\n')).set('Content-Encoding', 'gzip');
    const answer = await zipped.set('Content-Type', 'application/x-ndjson; charset=utf-8');
    expect(answer.body).toMatchObject({ accepted: 2, rejected: 0 });
    expect(await logged()).toEqual(['a', 'é😀']);
  });

  it('may be one, and are answered as a batch all the same', async () => {
    expect((await post('{"name":"a"}')).body).toMatchObject({ accepted: 1, event_ids: [expect.any(String)] });
  });

  it('hold integers as they were sent, or are refused for them, line by line', async () => {
    const body = ['{"name":"a","data":{"n":9007199254740993}}', '{"name":"b","data":{"n":9007199254740991}}'];
    const answer = await post(body.join('\n'));
    expect(answer.body).toMatchObject({ accepted: 1, errors: [{ index: 0, field: 'data.n', code: 'number' }] });
    expect(await logged()).toEqual(['b']);
  });

  it('are refused together by one bad line with ?atomic=true', async () => {
    const answer = await post('{"name":"a"}\nx\n', '?atomic=true');
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ index: 1, field: '', code: 'format' }] });
    expect(await logged()).toEqual([]);
  });

  it('are 422 when none is good', async () => {
    const answer = await post('x\n[{"name":"a"}]\n');
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      errors: [
        { index: 0, code: 'format' },
        { index: 1, code: 'type' },
      ],
    });
  });

  it('may be 1000 and no more', async () => {
    expect((await post(lines(1000))).body).toMatchObject({ accepted: 1000, rejected: 0 });
    await test.db.database.query('DELETE FROM log_records');
    expect((await post(lines(1001))).status).toBe(422);
    expect(await logged()).toEqual([]);
  });

  it.each<[string, number, string | Buffer]>([
    ['without a line that is not blank', 422, '\n \r\n'],
    ['without a byte', 422, ''],
    ['with a byte that is no UTF-8', 400, Buffer.from('{"name":"a"}\n{"name":"\xff"}\n', 'latin1')],
    ['with 5 MiB and one byte', 413, `{"name":"a"}\n${'\n'.repeat(5_242_880 - 12)}`],
  ])('are nothing %s: %d', async (_about, status, body) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ status, request_id: answer.headers['x-request-id'] });
    expect(await logged()).toEqual([]);
  });
});
