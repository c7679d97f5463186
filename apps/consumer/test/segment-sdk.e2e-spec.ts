import { Analytics } from '@segment/analytics-node';
import { segmentEventId } from '@app/events';
import { DeadLetters } from '@app/persistence';
import { describeWithKafka, eventually } from '@app/testing';
import { Pipeline } from './pipeline';

const EVENTS = 1000;
const BAD = 500;
const TIMEOUT_MS = 180_000;

interface Delivery {
  /** Ids of the messages that the library has handed on, good and bad. */
  readonly messageIds: string[];
  readonly failures: unknown[];
}

function listen(analytics: Analytics): Delivery {
  const delivery: Delivery = { messageIds: [], failures: [] };
  const types = ['track', 'identify', 'page', 'screen', 'group', 'alias'] as const;
  for (const type of types) analytics.on(type, ({ event }) => delivery.messageIds.push(event.messageId ?? ''));
  analytics.on('error', (error) => delivery.failures.push(error));
  return delivery;
}

/** A call of each kind in turn; the one in the middle has a name that no event may have. */
function send(analytics: Analytics, n: number): void {
  const userId = `user-${n % 7}`;
  const calls = [
    (): void => {
      analytics.track({ userId, event: 'Order Done', properties: { n } });
    },
    (): void => {
      analytics.identify({ userId, traits: { n } });
    },
    (): void => {
      analytics.page({ anonymousId: userId, name: 'Home', properties: { n } });
    },
    (): void => {
      analytics.screen({ anonymousId: userId, name: 'Home', properties: { n } });
    },
    (): void => {
      analytics.group({ userId, groupId: 'g', traits: { n } });
    },
    (): void => {
      analytics.alias({ userId, previousId: `old-${n}` });
    },
  ];
  if (n === BAD) analytics.track({ userId, event: 'x'.repeat(300), properties: { n } });
  else calls[n % calls.length]?.();
}

describeWithKafka("Segment's library for Node", (brokers) => {
  let pipeline: Pipeline;

  beforeEach(async () => {
    pipeline = await Pipeline.open(brokers.join(','));
  });
  afterEach(() => pipeline.close());

  it(
    'loses nothing and doubles nothing while the API is killed and comes back, and its bad event is a dead letter',
    async () => {
      const first = await pipeline.api();
      await Promise.all([pipeline.joinedConsumer(), pipeline.joinedConsumer()]);
      const analytics = new Analytics({
        writeKey: pipeline.key,
        host: first.url,
        maxRetries: 30,
        flushAt: 20,
        flushInterval: 200,
      });
      const delivery = listen(analytics);

      for (let n = 0; n < 400; n += 1) send(analytics, n);
      await eventually(() => {
        expect(delivery.messageIds.length).toBeGreaterThan(50);
      }, TIMEOUT_MS);
      for (let n = 400; n < 700; n += 1) send(analytics, n);
      await first.process.kill();
      for (let n = 700; n < EVENTS; n += 1) send(analytics, n);
      await pipeline.api(first.port);
      await eventually(() => {
        expect(delivery.messageIds).toHaveLength(EVENTS);
      }, TIMEOUT_MS);
      await analytics.closeAndFlush();
      await pipeline.drained(TIMEOUT_MS);

      expect(delivery.failures).toEqual([]);
      const rows = await pipeline.db.database.query<{ event_id: string; name: string; n: number | null }>(
        `SELECT event_id, name, (data->>'n')::int AS n FROM events`,
      );
      const letters = await new DeadLetters(pipeline.db.database).list(100);
      const bad = letters[0]?.eventId;
      const expected = delivery.messageIds.map((id) => segmentEventId(id)).filter((id) => id !== bad);
      expect(rows.map(({ event_id }) => event_id).sort()).toEqual(expected.sort());
      expect(rows).toHaveLength(EVENTS - 1);
      expect(new Set(rows.map(({ name }) => name)).size).toBe(6);
      expect(letters.length).toBeGreaterThan(0);
      for (const letter of letters) {
        expect(letter).toMatchObject({
          stage: 'accept',
          reason: 'INVALID',
          detail: expect.stringContaining('event') as string,
        });
        expect(letter.eventId).toBe(bad);
        expect(letter.value?.toString()).toContain(`"n":${BAD}`);
        expect(letter.value?.toString()).not.toContain(pipeline.key);
      }
    },
    TIMEOUT_MS * 2,
  );
});
