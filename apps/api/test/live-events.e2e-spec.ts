import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { EventPublisher, EventTail, type LogPosition, type TailReader } from '@app/messaging';
import { anEvent, eventually } from '@app/testing';
import { LiveEvents } from '../src/live/live-events';
import { LIVE_LIMITS, type LiveLimits } from '../src/live/live-limits';
import { readPosition, type NamedPosition } from '../src/live/live-position';
import type { LiveSubscription } from '../src/live/live-subscription';
import type { LiveUpdate } from '../src/live/live-update';
import { runningApi, type TestApi } from './running-api';

jest.setTimeout(120_000);

const USERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const filter = { projectId: 1 };

let test: TestApi;
let made: LiveEvents[] = [];

beforeEach(async () => {
  test = await runningApi();
});
afterEach(async () => {
  for (const live of made) live.onModuleDestroy();
  made = [];
  await test.stop();
});

function liveEvents(limits: Partial<LiveLimits>, tail = test.api.app.get(EventTail)): LiveEvents {
  const logger = pino({ level: 'silent' });
  const live = new LiveEvents(tail, { ...LIVE_LIMITS, subscribers: 100, ...limits }, logger);
  made.push(live);
  return live;
}

/** `count` events of one user, numbered from `first`. */
async function publish(userId: string, first: number, count: number, name = 'tick'): Promise<void> {
  const events = Array.from({ length: count }, (_, i) => anEvent({ userId, name, data: { n: first + i } }));
  await test.api.app.get(EventPublisher).publish(events, { requestId: 'r' });
}

/** Small numbers that are the same in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

async function firstOf(subscription: LiveSubscription, kind: LiveUpdate['kind']): Promise<LiveUpdate> {
  for await (const update of subscription) if (update.kind === kind) return update;
  throw new Error(`It has ended without ${kind}.`);
}

async function readNumbers(subscription: LiveSubscription, count: number): Promise<number[]> {
  const seen: number[] = [];
  for await (const update of subscription) {
    if (update.kind === 'events')
      seen.push(...update.events.map(({ event }) => (JSON.parse(event.data) as { n: number }).n));
    if (update.kind === 'end' || seen.length >= count) break;
  }
  return seen;
}

async function start(live: LiveEvents): Promise<NamedPosition> {
  const idle = await firstOf(live.subscribe({ filter, from: undefined }), 'idle');
  const position = readPosition((idle as { position: string }).position);
  if (position === undefined) throw new Error('It has no position.');
  return { log: position.log, offsets: [] };
}

/** Reads from the beginning, breaks off at any event, and goes on from that one's position. */
class Wanderer {
  /** By user, how many of its events, which are numbered from 0. */
  readonly seen = new Map<string, number>();
  ends: string[] = [];

  constructor(
    private readonly live: LiveEvents,
    private at: NamedPosition,
    private readonly random: (below: number) => number,
  ) {}

  get count(): number {
    return [...this.seen.values()].reduce((sum, seen) => sum + seen, 0);
  }

  async readUntil(isOver: (count: number) => boolean): Promise<void> {
    while (!isOver(this.count)) await this.readSome(1 + this.random(120), isOver);
  }

  private async readSome(most: number, isOver: (count: number) => boolean): Promise<void> {
    let left = most;
    for await (const update of this.live.subscribe({ filter, from: this.at })) {
      if (update.kind === 'end') this.ends.push(update.reason);
      if (update.kind === 'idle' && isOver(this.count)) return;
      if (update.kind !== 'events') continue;
      for (const { event, position } of update.events) {
        const user = event.userId ?? '';
        const { n } = JSON.parse(event.data) as { n: number };
        const seen = this.seen.get(user) ?? 0;
        if (n !== seen) throw new Error(`${user}/${n} has come where ${user}/${seen} was due.`);
        this.seen.set(user, seen + 1);
        this.at = readPosition(position)!;
        left -= 1;
        if (left === 0) return;
      }
      for (let turns = this.random(4); turns > 0; turns -= 1) await turn();
    }
  }
}

it.each([1, 2, 3])(
  'gives each event once and in order, however often one breaks off and goes on (seed %i)',
  async (seed) => {
    // So small that the ring loses what was read a moment ago, and everybody goes to the log and back all the time.
    const live = liveEvents({
      ring: { events: 60, bytes: 1_000_000, knownIds: 100, sharedBytes: 10_000 },
      readingRing: { events: 40, bytes: 1_000_000, knownIds: 100, sharedBytes: 10_000 },
      updateBytes: 5000,
      idleMs: 50,
      lingerMs: 20,
      readers: 2,
      turnMs: 30,
    });
    const random = seeded(seed);
    const origin = await start(live);
    const last = new Map(USERS.map((user) => [user, 0]));
    let published = 0;
    let over = false;
    const wanderers = Array.from({ length: 8 }, () => new Wanderer(live, origin, seeded(random(1_000_000))));
    const reading = Promise.all(wanderers.map((each) => each.readUntil((count) => over && count >= published)));
    for (let round = 0; round < 120; round += 1) {
      const user = USERS[random(USERS.length)]!;
      const first = last.get(user) ?? 0;
      const count = 1 + random(20);
      await publish(user, first, count);
      last.set(user, first + count);
      published += count;
    }
    over = true;
    await reading;
    for (const { seen } of wanderers) {
      for (const [user, count] of last) expect([user, seen.get(user) ?? 0]).toEqual([user, count]);
    }
  },
);

it('shows nothing from before, to whoever comes while the ring begins', async () => {
  await publish('a', 0, 300);
  const live = liveEvents({});
  const subscribe = (): AsyncGenerator<LiveUpdate, void> =>
    live.subscribe({ filter, from: undefined })[Symbol.asyncIterator]();
  const first = subscribe();
  expect((await first.next()).value).toMatchObject({ kind: 'idle' });
  // The ring has begun, a little before the end of the log, and has read nothing yet.
  const second = subscribe();
  expect((await second.next()).value).toMatchObject({ kind: 'idle' });
  await publish('a', 300, 1);
  for (const each of [first, second]) {
    expect((await each.next()).value).toMatchObject({ kind: 'events', events: [{ offset: 300 }] });
    await each.return(undefined);
  }
});

it('lets one go that is too far behind the others, and says so', async () => {
  const live = liveEvents({
    ring: { events: 20, bytes: 1_000_000, knownIds: 20, sharedBytes: 10_000 },
    updateBytes: 1,
  });
  const subscription = live.subscribe({ filter, from: undefined });
  const updates = subscription[Symbol.asyncIterator]();
  expect((await updates.next()).value).toMatchObject({ kind: 'idle' });
  await publish('a', 0, 10);
  expect((await updates.next()).value).toMatchObject({ kind: 'events' });
  const healthy = readNumbers(live.subscribe({ filter, from: undefined }), 50);
  await eventually(() => {
    expect(live.size).toBe(2);
  });
  for (let n = 10; n < 60; n += 10) {
    await publish('a', n, 10);
    await eventually(() => {
      expect(live.totals.sent).toBeGreaterThanOrEqual(n);
    });
  }
  await eventually(async () => {
    expect((await updates.next()).value).toEqual({ kind: 'end', reason: 'behind' });
  });
  expect(live.totals.behind).toBe(1);
  expect(await healthy).toEqual(Array.from({ length: 50 }, (_, i) => 10 + i));
});

it('tells where it is though nothing matches', async () => {
  const live = liveEvents({ idleMs: 50 });
  const subscription = live.subscribe({ filter: { ...filter, name: 'never' }, from: undefined });
  const positions = new Set<string | undefined>();
  let published = 0;
  for await (const update of subscription) {
    if (update.kind !== 'idle') throw new Error('Nothing matches.');
    positions.add(update.position);
    if (positions.size === 4) break;
    await publish('a', published, 1);
    published += 1;
  }
  expect(published).toBe(3);
});

it('stops reading when nobody follows any more, and starts again', async () => {
  const live = liveEvents({ lingerMs: 10 });
  const position = readPosition(
    ((await firstOf(live.subscribe({ filter, from: undefined }), 'idle')) as { position: string }).position,
  );
  await eventually(() => {
    expect(live.size).toBe(0);
    expect(live.reading).toBe(false);
  });
  await publish('a', 0, 3);
  const update = await firstOf(live.subscribe({ filter, from: position }), 'events');
  expect(update).toMatchObject({ events: [{ event: { userId: 'a' } }, {}, {}] });
  expect(live.reading).toBe(true);
});

it('shares what it hands out among those who ask for the same', async () => {
  const live = liveEvents({});
  const iterators = [1, 2, 3].map(() =>
    live.subscribe({ filter: { ...filter }, from: undefined })[Symbol.asyncIterator](),
  );
  for (const each of iterators) expect((await each.next()).value).toMatchObject({ kind: 'idle' });
  const updates = Promise.all(
    iterators.map(async (each) => (await each.next()).value as { events: readonly unknown[] }),
  );
  await publish('a', 0, 3);
  const [first, ...others] = await updates;
  expect(first?.events).toHaveLength(3);
  for (const { events } of others) expect(events).toBe(first?.events);
  await Promise.all(iterators.map((each) => each.return(undefined)));
});

/** Breaks off never, and rests never. */
const steady = (below: number): number => (below > 4 ? 1_000_000 : 0);

/** Tells what is asked of the log. */
class CountingTail extends EventTail {
  readonly asked = { bounds: 0, open: 0 };

  constructor(private readonly tail: EventTail) {
    super();
  }

  override bounds(): ReturnType<EventTail['bounds']> {
    this.asked.bounds += 1;
    return this.tail.bounds();
  }

  override open(from: LogPosition): TailReader {
    this.asked.open += 1;
    return this.tail.open(from);
  }

  override close(): Promise<void> {
    return this.tail.close();
  }
}

it('reads an old position once for all who come with it at the same time, and waits for none of them', async () => {
  const tail = new CountingTail(test.api.app.get(EventTail));
  const live = liveEvents({ ring: { ...LIVE_LIMITS.ring, events: 500 } }, tail);
  const origin = await start(live);
  for (const user of USERS) await publish(user, 0, 400);
  // The ring has to be past them.
  const newest = await firstOf(live.subscribe({ filter, from: undefined }), 'idle');
  expect(newest).toMatchObject({ kind: 'idle' });
  tail.asked.bounds = tail.asked.open = 0;
  const comers = Array.from({ length: 40 }, () => new Wanderer(live, origin, steady));
  const idler = live.subscribe({ filter, from: origin })[Symbol.asyncIterator]();
  await idler.next();
  await Promise.all(comers.map((each) => each.readUntil((count) => count === 8 * 400)));
  expect(comers.flatMap(({ ends }) => ends)).toEqual([]);
  expect(tail.asked.bounds).toBeLessThanOrEqual(3);
  expect(tail.asked.open).toBeLessThanOrEqual(4);
  await idler.return(undefined);
  expect(live.catchingUp).toBe(0);
});

it('lets the readers of one project have their turn, when another one is read', async () => {
  const live = liveEvents({ ring: { ...LIVE_LIMITS.ring, events: 100 }, readers: 1, turnMs: 20 });
  const origin = await start(live);
  for (const user of USERS) await publish(user, 0, 500);
  const own = new Wanderer(live, origin, steady);
  const foreign = readNumbers(live.subscribe({ filter: { projectId: 2 }, from: origin }), 3);
  const reading = own.readUntil((count) => count === 8 * 500);
  const events = [0, 1, 2].map((n) => anEvent({ projectId: 2, userId: 'x', data: { n } }));
  await test.api.app.get(EventPublisher).publish(events, { requestId: 'r' });
  await reading;
  expect(await foreign).toEqual([0, 1, 2]);
});
