import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { PublishBatchReply } from '@app/proto';
import { eventually, inTransaction, Scrape } from '@app/testing';
import { GrpcClient, StreamWatch } from './grpc-client';
import { encodeRequest, frame, RawGrpc, type RawEnd } from './grpc-raw-call';
import { runningApi, type TestApi } from './running-api';

jest.setTimeout(180_000);

/** Of one stream, as the server promises; with them a batch that waits for room, and what the windows of HTTP/2 hold. */
const UNANSWERED = 8;
const QUEUE_BYTES = 6_000_000;

let test: TestApi;

beforeAll(async () => {
  test = await runningApi({
    MILLRACE_PUBLISH_QUEUE_BYTES: String(QUEUE_BYTES),
    MILLRACE_REQUEST_BODY_BYTES: '16000000',
    // Nothing gives up while the log is held.
    MILLRACE_PUBLISH_TIMEOUT_MS: '60000',
    MILLRACE_DATABASE_QUERY_TIMEOUT_MS: '60000',
    KAFKA_SESSION_TIMEOUT_MS: '130000',
  });
});
afterAll(() => test.stop());

/** Runs `work` while the log takes nothing: the publisher's INSERT waits. */
async function whileTheLogIsHeld(work: () => Promise<void>): Promise<void> {
  await inTransaction(test.db.url, async (query) => {
    await query('LOCK TABLE log_records IN EXCLUSIVE MODE');
    await work();
  });
}

/** Ids on the log, one entry per record. */
async function loggedIds(): Promise<string[]> {
  const rows = await test.db.database.query<{ id: string }>(
    `SELECT convert_from(value, 'UTF8')::jsonb ->> 'event_id' AS id FROM log_records`,
  );
  return rows.map(({ id }) => id);
}

async function expectEachOnce(ids: readonly string[]): Promise<void> {
  const wanted = new Set(ids);
  expect((await loggedIds()).filter((id) => wanted.has(id)).sort()).toEqual([...ids].sort());
}

interface Batch {
  readonly events: readonly { readonly name: string; readonly event_id: string; readonly data_json: string }[];
}

function aBatch(events: number, bytesPerEvent: number): Batch {
  const data_json = `{"a":"${'x'.repeat(bytesPerEvent)}"}`;
  return { events: Array.from({ length: events }, () => ({ name: 'n', event_id: randomUUID(), data_json })) };
}

function idsOf(batches: readonly Batch[]): string[] {
  return batches.flatMap(({ events }) => events.map(({ event_id }) => event_id));
}

/** A client that sends one batch after the other, as fast as its stream takes them. */
class Flood {
  /** Batches that have left. */
  sent = 0;
  readonly watch: StreamWatch;
  private readonly client: GrpcClient;

  constructor(readonly batches: readonly Batch[]) {
    this.client = new GrpcClient(test.api.grpc, test.key);
    const stream = this.client.stream();
    this.watch = new StreamWatch(stream);
    const next = (): void => {
      const batch = batches[this.sent];
      if (batch === undefined) stream.end();
      else
        stream.write(batch, () => {
          this.sent += 1;
          setImmediate(next);
        });
    };
    next();
  }

  async end(): Promise<string> {
    const { code } = await this.watch.ended;
    this.client.close();
    return code;
  }
}

function answeredIds({ replies }: { readonly replies: readonly PublishBatchReply[] }): string[] {
  return replies.flatMap(({ event_ids }) => event_ids);
}

/** Resolves once the clients have sent nothing while the server has answered 20 questions one after the other. */
async function standstill(floods: readonly Flood[]): Promise<void> {
  const sent = (): number => floods.reduce((sum, flood) => sum + flood.sent, 0);
  for (let before = -1; before !== sent();) {
    before = sent();
    for (let question = 0; question < 20; question += 1) await Scrape.of(test.api.url);
  }
}

async function queued(): Promise<{ readonly events: number; readonly bytes: number }> {
  const scrape = await Scrape.of(test.api.url);
  return { events: scrape.value('publish_queue_events') ?? 0, bytes: scrape.value('publish_queue_bytes') ?? 0 };
}

describe('while the log takes nothing', () => {
  it('a stream is not read beyond 8 batches; later each is answered in order and is on the log once', async () => {
    const perBatch = 10;
    const batches = Array.from({ length: 200 }, () => aBatch(perBatch, 10_000));
    let flood: Flood | undefined;
    await whileTheLogIsHeld(async () => {
      flood = new Flood(batches);
      await eventually(async () => {
        expect((await queued()).events).toBeGreaterThanOrEqual(UNANSWERED * perBatch);
      }, 60_000);
      await standstill([flood]);
      expect((await queued()).events).toBe(UNANSWERED * perBatch);
      expect(flood.watch.replies).toHaveLength(0);
      // A few more lie in buffers of sockets and of HTTP/2.
      expect(flood.sent).toBeLessThan(UNANSWERED + 20);
    });
    expect(await flood?.end()).toBe('OK');
    expect(answeredIds(flood!.watch)).toEqual(idsOf(batches));
    await expectEachOnce(idsOf(batches));
  });

  it('all streams together fill half of the queue by bytes, and none is refused', async () => {
    const all = Array.from({ length: 6 }, () => Array.from({ length: 8 }, () => aBatch(4, 250_000)));
    let floods: Flood[] = [];
    await whileTheLogIsHeld(async () => {
      floods = all.map((batches) => new Flood(batches));
      await eventually(async () => {
        expect((await queued()).bytes).toBeGreaterThan(QUEUE_BYTES / 4);
      }, 60_000);
      await standstill(floods);
      expect((await queued()).bytes).toBeLessThanOrEqual(QUEUE_BYTES / 2);
    });
    expect(await Promise.all(floods.map((flood) => flood.end()))).toEqual(all.map(() => 'OK'));
    floods.forEach((flood, index) => {
      expect(answeredIds(flood.watch)).toEqual(idsOf(all[index] ?? []));
    });
    await expectEachOnce(idsOf(all.flat()));
  });

  it('a batch whose deadline passes while it waits for room is not published', async () => {
    const client = new GrpcClient(test.api.grpc, test.key);
    const giant = aBatch(14, 250_000); // more than half of the queue: nothing else has room
    const late = aBatch(1, 1);
    let held: StreamWatch | undefined;
    await whileTheLogIsHeld(async () => {
      held = new StreamWatch(sending(client, giant));
      await eventually(async () => {
        expect((await queued()).events).toBeGreaterThan(0);
      }, 60_000);
      const waiting = new StreamWatch(sending(client, late, { deadline: Date.now() + 1000 }));
      expect((await waiting.ended).code).toBe('DEADLINE_EXCEEDED');
      expect(held.replies).toHaveLength(0);
    });
    expect((await held?.ended)?.code).toBe('OK');
    const after = new StreamWatch(sending(client, aBatch(1, 1)));
    expect((await after.ended).code).toBe('OK'); // went through the same gate, behind the late one
    expect(await loggedIds()).not.toContain(late.events[0]?.event_id);
    client.close();
  });

  describe('compressed batches count as what they become', () => {
    const OVERLOADED = status.UNAVAILABLE;
    /** 4.1 MB, sent as 6 kB. A large body may have three quarters of the budget: two of them. */
    const bomb = (batch: Batch): Buffer => frame(encodeRequest('PublishStream', batch), true);
    const gzip = { 'grpc-encoding': 'gzip' };

    it('of many streams, those are refused for which there is no room', async () => {
      const clients = Array.from({ length: 8 }, () => new RawGrpc(test.api.grpc, test.key));
      const ends: RawEnd[] = [];
      let calls: Promise<unknown>[] = [];
      await whileTheLogIsHeld(async () => {
        calls = clients.map(async (client) => {
          ends.push(await client.call('PublishStream', bomb(aBatch(16, 256_000)), gzip));
        });
        await eventually(() => {
          expect(ends.length).toBeGreaterThanOrEqual(5); // one is on its way to the log, two wait
        }, 30_000); // before the log's own time is up, which ends them, too
        expect(ends.map((end) => end.status)).toEqual(ends.map(() => OVERLOADED));
      });
      await Promise.all(calls);
      const taken = ends.filter((end) => end.status === status.OK);
      expect(taken.length).toBeGreaterThanOrEqual(1);
      expect(taken.length).toBeLessThanOrEqual(3);
      for (const client of clients) client.close();
    });

    it('of one stream, each is inflated when its turn has come, though all came in one frame', async () => {
      const streams = Array.from({ length: 2 }, () => Array.from({ length: 3 }, () => aBatch(16, 256_000)));
      const client = new RawGrpc(test.api.grpc, test.key);
      let calls: Promise<RawEnd>[] = [];
      await whileTheLogIsHeld(async () => {
        calls = streams.map((batches) => client.call('PublishStream', Buffer.concat(batches.map(bomb)), gzip));
        await eventually(async () => {
          expect((await queued()).events).toBe(16);
        }, 60_000);
      });
      for (const [index, { status: code, replies }] of (await Promise.all(calls)).entries()) {
        expect(code).toBe(status.OK);
        const answered = answeredIds({ replies: replies as PublishBatchReply[] });
        expect(answered).toEqual(idsOf(streams[index] ?? []));
      }
      client.close();
    });
  });
});

function sending(client: GrpcClient, batch: Batch, options = {}): ReturnType<GrpcClient['stream']> {
  const stream = client.stream(options);
  stream.end(batch);
  return stream;
}
