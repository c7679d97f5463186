import { PublishUnconfirmedError } from './event-publisher.port';
import { PublishQueue } from './publish-queue';
import { PublishQueueFullError } from './publish-queue-full.error';

interface Item {
  readonly name: string;
  readonly bytes: number;
}

const item = (name: string, bytes = 10): Item => ({ name, bytes });
const items = (...names: string[]): Item[] => names.map((name) => item(name));

/** A log that confirms when the test says so. */
class Log {
  readonly batches: string[][] = [];
  private readonly open: { confirm: () => void; fail: (error: unknown) => void }[] = [];
  private arrived: () => void = () => undefined;

  readonly send = (batch: readonly Item[]): Promise<void> => {
    this.batches.push(batch.map(({ name }) => name));
    return new Promise((confirm, fail) => {
      this.open.push({ confirm, fail });
      this.arrived();
    });
  };

  /** The oldest batch in flight; waits for one. */
  async next(): Promise<{ confirm: () => void; fail: (error: unknown) => void }> {
    while (this.open.length === 0) await new Promise<void>((resolve) => (this.arrived = resolve));
    return this.open.shift()!;
  }
}

const ROOMY = { timeoutMs: 10_000, queueEvents: 1000, queueBytes: 100_000 };
const LARGE = { events: 100, bytes: 10_000 };

describe('PublishQueue', () => {
  it('sends what is called for while a batch is in flight as the next batch, in order', async () => {
    const log = new Log();
    const queue = new PublishQueue<Item>(ROOMY, LARGE, log.send);
    const first = queue.publish(items('a'));
    const inFlight = await log.next();
    const later = [queue.publish(items('b', 'c')), queue.publish(items('d'))];
    inFlight.confirm();
    await first;
    (await log.next()).confirm();
    await Promise.all(later);
    expect(log.batches).toEqual([['a'], ['b', 'c', 'd']]);
  });

  it('sends the calls of one turn of the event loop together when it is idle', async () => {
    const log = new Log();
    const queue = new PublishQueue<Item>(ROOMY, LARGE, log.send);
    const calls = [queue.publish(items('a')), queue.publish(items('b'))];
    (await log.next()).confirm();
    await Promise.all(calls);
    expect(log.batches).toEqual([['a', 'b']]);
  });

  it('never has two batches in flight', async () => {
    const log = new Log();
    const queue = new PublishQueue<Item>(ROOMY, LARGE, log.send);
    const calls = [queue.publish(items('a'))];
    const first = await log.next();
    calls.push(queue.publish(items('b')));
    await new Promise(setImmediate);
    expect(log.batches).toEqual([['a']]);
    first.confirm();
    (await log.next()).confirm();
    await Promise.all(calls);
  });

  it('keeps a batch within its limits, and never divides a call', async () => {
    const log = new Log();
    const queue = new PublishQueue<Item>(ROOMY, { events: 3, bytes: 100 }, log.send);
    const calls = [
      queue.publish(items('a', 'b')),
      queue.publish(items('c', 'd')),
      queue.publish([item('large', 500)]),
      queue.publish(items('e')),
    ];
    for (let batch = 0; batch < 4; batch += 1) (await log.next()).confirm();
    await Promise.all(calls);
    expect(log.batches).toEqual([['a', 'b'], ['c', 'd'], ['large'], ['e']]);
  });

  it('fails every call of a batch that failed, with the reason, and goes on with the next', async () => {
    const log = new Log();
    const queue = new PublishQueue<Item>(ROOMY, LARGE, log.send);
    const first = queue.publish(items('a'));
    const second = queue.publish(items('b'));
    const inFlight = await log.next();
    const third = queue.publish(items('c'));
    const reason = new Error('broken pipe');
    inFlight.fail(reason);
    for (const call of [first, second]) {
      await expect(call).rejects.toThrow(PublishUnconfirmedError);
      await expect(call).rejects.toHaveProperty('cause', reason);
    }
    (await log.next()).confirm();
    await third;
  });

  it.each([
    ['events', { ...ROOMY, queueEvents: 2 }],
    ['bytes', { ...ROOMY, queueBytes: 25 }],
  ])('refuses at once what does not fit into its bound of %s, until there is room again', async (_, limits) => {
    const log = new Log();
    const queue = new PublishQueue<Item>(limits, LARGE, log.send);
    const taken = queue.publish(items('a', 'b'));
    await expect(queue.publish(items('c'))).rejects.toThrow(PublishQueueFullError);
    (await log.next()).confirm();
    await taken;
    const next = queue.publish(items('d'));
    (await log.next()).confirm();
    await next;
    expect(log.batches).toEqual([['a', 'b'], ['d']]);
  });

  it('takes a call that is larger than its bounds when nothing else waits', async () => {
    const log = new Log();
    const queue = new PublishQueue<Item>({ ...ROOMY, queueEvents: 1 }, LARGE, log.send);
    const call = queue.publish(items('a', 'b'));
    (await log.next()).confirm();
    await call;
  });

  it('gives up on a call at its deadline, sent or not, and never sends what it gave up', async () => {
    const log = new Log();
    const queue = new PublishQueue<Item>({ ...ROOMY, timeoutMs: 20, queueEvents: 3 }, LARGE, log.send);
    const sent = queue.publish(items('a', 'b'));
    const inFlight = await log.next();
    const unsent = queue.publish(items('c'));
    await expect(sent).rejects.toThrow(PublishUnconfirmedError);
    await expect(unsent).rejects.toThrow(PublishUnconfirmedError);
    // What is in flight still weighs, what was given up does not.
    const fits = queue.publish(items('d'));
    await expect(queue.publish(items('e'))).rejects.toThrow(PublishQueueFullError);
    inFlight.confirm();
    (await log.next()).confirm();
    await fits;
    expect(log.batches).toEqual([['a', 'b'], ['d']]);
  });

  it('finishes what it has when it is closed, and takes nothing more', async () => {
    const log = new Log();
    const queue = new PublishQueue<Item>(ROOMY, LARGE, log.send);
    const calls = [queue.publish(items('a'))];
    const inFlight = await log.next();
    calls.push(queue.publish(items('b')));
    const closed = Promise.all([queue.close(), queue.close()]);
    await expect(queue.publish(items('c'))).rejects.toThrow('closed');
    inFlight.confirm();
    (await log.next()).confirm();
    await Promise.all(calls);
    await closed;
  });

  it('resolves an empty call without sending anything', async () => {
    const log = new Log();
    await new PublishQueue<Item>(ROOMY, LARGE, log.send).publish([]);
    expect(log.batches).toEqual([]);
  });
});
