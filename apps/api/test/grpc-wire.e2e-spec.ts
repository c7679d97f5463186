import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { encodeRequest, frame, RawGrpc, type GrpcMethod } from './grpc-raw-call';
import { runningApi, type TestApi } from './running-api';

jest.setTimeout(60_000);

let test: TestApi;
let client: RawGrpc;

beforeAll(async () => {
  test = await runningApi();
  client = new RawGrpc(test.api.grpc, test.key);
});
afterAll(async () => {
  client.close();
  await test.stop();
});

/** Names of the events on the log. */
async function loggedNames(): Promise<string[]> {
  const rows = await test.db.database.query<{ name: string }>(
    `SELECT convert_from(value, 'UTF8')::jsonb ->> 'name' AS name FROM log_records`,
  );
  return rows.map(({ name }) => name);
}

function aRequest(method: GrpcMethod, event: object): Buffer {
  return encodeRequest(method, method === 'Publish' ? { event } : { events: [event] });
}

describe('a deadline', () => {
  it.each(['Publish', 'PublishBatch', 'PublishStream'] as const)(
    'that has passed when the request arrives publishes nothing: %s',
    async (method) => {
      const late = { name: `late ${method}` };
      const inTime = { name: `in time ${method}` };
      // So that nothing has to be looked up, and the event could be on its way before any timer.
      expect(await client.call(method, frame(aRequest(method, inTime)))).toMatchObject({ status: status.OK });
      const ends = await Promise.all(
        Array.from({ length: 50 }, () => client.call(method, frame(aRequest(method, late)), { 'grpc-timeout': '1n' })),
      );
      expect(new Set(ends.map((end) => end.status))).toEqual(new Set([status.DEADLINE_EXCEEDED]));
      // Comes to the log after all that was handed on before.
      expect(await client.call(method, frame(aRequest(method, inTime)))).toMatchObject({ status: status.OK });
      const names = await loggedNames();
      expect(names.filter((name) => name === inTime.name)).toHaveLength(2);
      expect(names).not.toContain(late.name);
    },
  );
});

describe('a string', () => {
  const MARK = 'MARK';

  /** The request with these bytes, four of them, in place of the mark. */
  function withBytes(method: GrpcMethod, event: object, bytes: readonly number[]): Buffer {
    const request = aRequest(method, event);
    const at = request.indexOf(MARK);
    expect(at).toBeGreaterThan(0);
    Buffer.from(bytes).copy(request, at);
    return frame(request);
  }

  const before = `before ${randomUUID()}`;

  describe.each(['Publish', 'PublishBatch', 'PublishStream'] as const)('of %s', (method) => {
    it.each([
      ['a byte that begins nothing', [0x61, 0xff, 0x61, 0x61]],
      ['a surrogate', [0xed, 0xa0, 0x80, 0x61]],
      ['an overlong form', [0xc0, 0x80, 0x61, 0x61]],
      ['half a character', [0x61, 0x61, 0xf0, 0x9f]],
    ])('with %s is refused, and nothing of it stored', async (_, bytes) => {
      const events = [
        { name: `${before} ${MARK}` },
        { name: before, user_id: MARK },
        { name: before, data_json: `{"a":"${MARK}"}` },
        { name: before, source: MARK },
      ];
      for (const event of events) {
        expect(await client.call(method, withBytes(method, event, bytes))).toMatchObject({
          status: status.INVALID_ARGUMENT,
          replies: [],
        });
      }
      expect((await loggedNames()).filter((name) => name.startsWith(before))).toEqual([]);
    });

    it('may have U+FFFD itself, and any other character', async () => {
      const name = `${method} \ufffd 😀 é`;
      expect(await client.call(method, frame(aRequest(method, { name })))).toMatchObject({ status: status.OK });
      expect(await loggedNames()).toContain(name);
    });
  });
});
