import { setTimeout as delay } from 'node:timers/promises';
import { ApiKeys, hashApiKeySecret, mintApiKey, recountRollups } from '@app/persistence';
import { checkOutcomes, describeWithKafka, eventually, Recorder, tablesWith, type AppProcess } from '@app/testing';
import { Pipeline } from './pipeline';

jest.setTimeout(180_000);

const USER = 'to-be-forgotten@example.org';
const EVENTS = 15_000;
/** Small transactions: there are many moments to die in. */
const SETTINGS = { MILLRACE_BATCH_MAX_EVENTS: '100', LOG_LEVEL: 'debug' };
const KILLS = 4;
const UNREADABLE = 20;

interface Erasure {
  readonly status: string;
  readonly removed: Readonly<Record<string, number>>;
}

describeWithKafka('an erasure under load', (brokers) => {
  let pipeline: Pipeline;
  let admin: string;
  beforeAll(async () => {
    pipeline = await Pipeline.open(brokers.join(','));
    const { id, secret, text } = mintApiKey();
    admin = text;
    const hash = hashApiKeySecret(secret, '');
    await new ApiKeys(pipeline.db.database).add({ id, projectId: 1, name: 'admin', scopes: ['admin'], hash });
  });
  afterAll(() => pipeline.close());

  /** Messages without a name: Segment's door makes dead letters of them. The second tells its member in the reason. */
  async function sendUnreadable(url: string): Promise<void> {
    const batch = Array.from({ length: UNREADABLE }, (_, n) =>
      n % 2 === 0
        ? { type: 'track', userId: USER, messageId: `m${n}` }
        : { type: 'track', anonymousId: USER, event: 'e', properties: { [USER]: 'x\0' } },
    );
    const headers = { Authorization: `Basic ${btoa(`${admin}:`)}`, 'Content-Type': 'application/json' };
    const answer = await fetch(`${url}/v1/batch`, { method: 'POST', headers, body: JSON.stringify({ batch }) });
    expect(answer.status).toBe(200);
  }

  async function call<T>(method: string, url: string): Promise<T> {
    return (await (await fetch(url, { method, headers: { 'X-API-Key': admin } })).json()) as T;
  }

  /** It moves nothing: where events are does not matter here. */
  function archiver(): AppProcess {
    return pipeline.archiver({ MILLRACE_ARCHIVE_AFTER_DAYS: '100', ...SETTINGS });
  }

  /** Consumers and archivers die at random moments while it goes on, and others take their places. */
  async function erasedUnderKills(url: string, consumers: AppProcess[]): Promise<Erasure> {
    const archivers = [archiver()];
    const { erasure_id } = await call<{ erasure_id: string }>('DELETE', `${url}/api/v1/users/${USER}`);
    const killing = (async () => {
      for (let kills = 0; kills < KILLS; kills += 1) {
        await delay(Math.random() * 1000);
        const [victim] = consumers.splice(Math.floor(Math.random() * consumers.length), 1);
        await victim?.kill();
        consumers.push(pipeline.consumerWith(SETTINGS));
        await archivers.pop()?.kill();
        archivers.push(archiver());
      }
    })();
    const ask = (): Promise<Erasure> => call<Erasure>('GET', `${url}/api/v1/erasures/${erasure_id}`);
    await eventually(async () => {
      expect(await ask()).toMatchObject({ status: 'done' });
    }, 60_000);
    await killing;
    return ask();
  }

  it('leaves nothing of the user anywhere, loses nothing of anybody else, and the numbers are right', async () => {
    const { url, process: api } = await pipeline.api();
    const consumers = [pipeline.consumerWith(SETTINGS), pipeline.consumerWith(SETTINGS)];
    let asked = false;
    const recorder = new Recorder({
      ...{
        url: () => url,
        key: pipeline.key,
        connections: 8,
        events: EVENTS,
        eventsPerRequest: 20,
        retryUnknown: true,
      },
      eventOf: (n) => ({
        name: `n${n % 5}`,
        user_id: n % 3 === 0 && !asked ? USER : `u${n % 50}`,
        amount: 0.1,
        occurred_at: new Date(Date.now() - (n % 40) * 86_400_000).toISOString(),
        data: { n },
      }),
    });
    await sendUnreadable(url);
    const recorded = recorder.run();
    // Half of it is on the log and not stored.
    await eventually(async () => {
      expect(recorder.acknowledged).toBeGreaterThan(EVENTS / 2);
      expect((await pipeline.storedIds()).length).toBeGreaterThan(1000);
    }, 60_000);
    asked = true;
    const { removed } = await erasedUnderKills(url, consumers);
    await sendUnreadable(url); // new consent
    await recorded;
    await pipeline.drained(60_000);

    const known = await pipeline.db.database.query<{ event_id: string }>(
      'SELECT event_id FROM event_ids WHERE state = 2',
    );
    const ids = [...(await pipeline.storedIds()), ...known.map(({ event_id }) => event_id)];
    expect(checkOutcomes(recorder.log, ids, [])).toMatchObject({ ok: EVENTS, storedRows: EVENTS, violations: [] });
    const positions = await pipeline.positions();
    for (const { firstOffset, nextOffset, stored, duplicate, dead, erased } of positions) {
      expect(stored + duplicate + dead + erased).toBe(nextOffset - firstOffset);
    }
    const refused = positions.reduce((sum, { erased }) => sum + erased, 0);
    expect(refused).toBeGreaterThan(0);
    expect(removed['hot']! + removed['dead_letters']! + refused).toBe(known.length + UNREADABLE);

    const letters = await pipeline.db.database.query(`DELETE FROM dead_letters RETURNING 1`);
    expect(letters).toHaveLength(UNREADABLE); // the new ones
    expect(await tablesWith(pipeline.db.url, USER)).toEqual([]);
    const tables = await recountRollups(pipeline.db.database, { atMost: 5 });
    expect(tables.filter(({ differing }) => differing > 0)).toEqual([]);
    for (const { lines } of [api, ...pipeline.processes]) expect(JSON.stringify(lines)).not.toContain(USER);
  });
});
