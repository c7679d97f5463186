import { headerText, PublishUnconfirmedError } from '@app/messaging';
import { decodeEvent } from '@app/events';
import { eventually } from '@app/testing';
import type { EventLogUnderTest } from './event-log-under-test';
import { Inbox } from './inbox';
import { eventOf, eventsOf, numbersOf } from './sample-events';

export function describePublishing(log: () => EventLogUnderTest): void {
  it('brings every published event to a handler once, in order per user', async () => {
    const { publisher } = log();
    const inbox = new Inbox();
    const users = Array.from({ length: 20 }, (_, n) => `user-${n}`);
    await log().newConsumer().run(inbox.handler);
    const publishInTurn = async (user: string): Promise<void> => {
      for (const event of eventsOf(user, 25)) await publisher.publish([event], 'r');
    };
    await Promise.all(users.map(publishInTurn));
    await eventually(() => {
      expect(inbox.received.length).toBeGreaterThanOrEqual(500);
    });
    for (const user of users) expect(numbersOf(inbox.received, user)).toEqual(Array.from({ length: 25 }, (_, n) => n));
  });

  it('keeps the order of the events of one call', async () => {
    const inbox = new Inbox();
    await log().publisher.publish(eventsOf('one', 1000), 'r');
    await log().newConsumer().run(inbox.handler);
    await eventually(() => {
      expect(numbersOf(inbox.received, 'one')).toEqual(Array.from({ length: 1000 }, (_, n) => n));
    });
  });

  it('carries an event and its headers unchanged', async () => {
    const inbox = new Inbox();
    const event = { ...eventOf('Zoë 日本', 1, { text: '😀' }), projectId: 7, source: 's', amount: 0.1 };
    await log().publisher.publish([event], 'request-1');
    await log().newConsumer().run(inbox.handler);
    const record = await eventually(() => {
      expect(inbox.received).toHaveLength(1);
      return inbox.received[0]!;
    });
    expect(headerText(record.headers, 'request_id')).toBe('request-1');
    expect(headerText(record.headers, 'project')).toBe('7');
    expect(record.key?.toString('utf8')).toBe('7:Zoë 日本');
    expect(decodeEvent(record.value!, 7)).toEqual(event);
  });

  it('takes 5 MB of one user in one call', async () => {
    const inbox = new Inbox();
    const filler = 'x'.repeat(250_000);
    const events = Array.from({ length: 20 }, (_, n) => eventOf('heavy', n, { filler }));
    await log().publisher.publish(events, 'r');
    await log().newConsumer().run(inbox.handler);
    await eventually(() => {
      expect(numbersOf(inbox.received, 'heavy')).toEqual(events.map((_, n) => n));
    });
  });

  it('confirms an empty call', async () => {
    await log().publisher.publish([], 'r');
  });

  it('confirms what it has when it is closed, twice over, and takes nothing afterwards', async () => {
    const inbox = new Inbox();
    const published = log().publisher.publish(eventsOf('late', 10), 'r');
    await Promise.all([log().publisher.close(), log().publisher.close()]);
    await published;
    await expect(log().publisher.publish([eventOf('late', 11)], 'r')).rejects.toThrow(PublishUnconfirmedError);
    await log().newConsumer().run(inbox.handler);
    await eventually(() => {
      expect(inbox.received).toHaveLength(10);
    });
  });
}
