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
      for (const event of eventsOf(user, 25)) await publisher.publish([event], { requestId: 'r' });
    };
    await Promise.all(users.map(publishInTurn));
    await eventually(() => {
      expect(inbox.received.length).toBeGreaterThanOrEqual(500);
    });
    for (const user of users) expect(numbersOf(inbox.received, user)).toEqual(Array.from({ length: 25 }, (_, n) => n));
  });

  it('keeps the order of the events of one call', async () => {
    const inbox = new Inbox();
    await log().publisher.publish(eventsOf('one', 1000), { requestId: 'r' });
    await log().newConsumer().run(inbox.handler);
    await eventually(() => {
      expect(numbersOf(inbox.received, 'one')).toEqual(Array.from({ length: 1000 }, (_, n) => n));
    });
  });

  it('carries an event and its headers unchanged', async () => {
    const inbox = new Inbox();
    const event = { ...eventOf('Zoë 日本', 1, { text: '😀' }), projectId: 7, source: 's', amount: 0.1 };
    await log().publisher.publish([event], { requestId: 'request-1' });
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
    await log().publisher.publish(events, { requestId: 'r' });
    await log().newConsumer().run(inbox.handler);
    await eventually(() => {
      expect(numbersOf(inbox.received, 'heavy')).toEqual(events.map((_, n) => n));
    });
  });

  it('brings records as they are', async () => {
    const inbox = new Inbox();
    const headers = { project: Buffer.from('1'), twice: [Buffer.from('a'), Buffer.from([0, 255])] };
    await log().publisher.append([
      { key: Buffer.from('1:a'), value: Buffer.from([0, 1, 255]), headers },
      { key: Buffer.from('1:a'), value: null, headers: {} },
    ]);
    await log().newConsumer().run(inbox.handler);
    const [first, second] = await eventually(() => {
      expect(inbox.received).toHaveLength(2);
      return inbox.received;
    });
    expect(first).toMatchObject({ key: Buffer.from('1:a'), value: Buffer.from([0, 1, 255]), headers });
    expect(second).toMatchObject({ value: null, headers: {} });
  });

  it('brings records whose headers are the heavy part', async () => {
    const inbox = new Inbox();
    const headers = { project: Buffer.from('1'), note: Buffer.alloc(3000, 'x') };
    const records = Array.from({ length: 1000 }, (_, n) => ({
      key: Buffer.from('1:a'),
      value: Buffer.from(String(n)),
      headers: { ...headers },
    }));
    await log().publisher.append(records);
    await log().newConsumer().run(inbox.handler);
    await eventually(() => {
      expect(inbox.received.map(({ value }) => value?.toString())).toEqual(records.map((_, n) => String(n)));
    });
  });

  it('tells in the headers which request waits for its events', async () => {
    const inbox = new Inbox();
    await log().publisher.publish([eventOf('one', 1)], { requestId: 'r', ingestId: 'i' });
    await log().newConsumer().run(inbox.handler);
    const [record] = await eventually(() => {
      expect(inbox.received).toHaveLength(1);
      return inbox.received;
    });
    expect(headerText(record!.headers, 'ingest_id')).toBe('i');
  });

  it('confirms an empty call', async () => {
    await log().publisher.publish([], { requestId: 'r' });
  });

  it('confirms what it has when it is closed, twice over, and takes nothing afterwards', async () => {
    const inbox = new Inbox();
    const published = log().publisher.publish(eventsOf('late', 10), { requestId: 'r' });
    await Promise.all([log().publisher.close(), log().publisher.close()]);
    await published;
    await expect(log().publisher.publish([eventOf('late', 11)], { requestId: 'r' })).rejects.toThrow(
      PublishUnconfirmedError,
    );
    await log().newConsumer().run(inbox.handler);
    await eventually(() => {
      expect(inbox.received).toHaveLength(10);
    });
  });
}
