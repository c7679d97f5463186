import type { Event } from '@app/events';
import { EventPublisher, PublishUnconfirmedError, type EventRecord, type PublisherStatus } from '@app/messaging';
import { EventLimit } from '../../transport/limit/event-limit';
import { IngestService, IngestUnconfirmedError } from '../ingest.service';
import { toSegmentBatch } from './segment-batch';
import { SegmentIntake } from './segment-intake';

type Answer = () => Promise<void>;

/** Notes what it is given, and answers as it is told. */
class NotingPublisher extends EventPublisher {
  readonly given: string[] = [];
  constructor(
    private readonly onPublish: Answer,
    private readonly onAppend: Answer,
  ) {
    super();
  }
  override publish(events: readonly Event[]): Promise<void> {
    this.given.push(`${events.length} events`);
    return this.onPublish();
  }
  override append(records: readonly EventRecord[]): Promise<void> {
    this.given.push(`${records.length} refused`);
    return this.onAppend();
  }
  override status(): PublisherStatus {
    return { queuedEvents: 0, queuedBytes: 0, refusing: false };
  }
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

const confirm: Answer = () => Promise.resolve();
const fail: Answer = () => Promise.reject(new PublishUnconfirmedError('too late'));
const hang: Answer = () => new Promise(() => undefined);
const sender = { principal: { keyId: 'k', projectId: 1, scopes: ['ingest'] }, requestId: 'r' };

function take(publisher: EventPublisher, messages: number, shared: object = {}): Promise<void> {
  const limit = new EventLimit({ eventsPerSecond: 1e9, burst: 1e9, replicas: 1 });
  const bad = { type: 'track', event: '' };
  const good = Array.from({ length: messages }, (_, n) => ({ type: 'track', event: `e${n}` }));
  const text = JSON.stringify({ ...shared, batch: [bad, ...good] });
  const batch = toSegmentBatch(JSON.parse(text), text, 'batch');
  return new SegmentIntake(new IngestService(publisher, limit)).take(batch, sender);
}

describe('SegmentIntake', () => {
  it('sends what it refuses before what it takes, a thousand messages at a time', async () => {
    const publisher = new NotingPublisher(confirm, confirm);
    await take(publisher, 1500);
    expect(publisher.given).toEqual(['1 refused', '999 events', '501 events']);
  });

  it('sends less at a time when the batch says much of all its messages, and loses none', async () => {
    const publisher = new NotingPublisher(confirm, confirm);
    await take(publisher, 300, { context: { app: 'x'.repeat(20_000) } });
    expect(publisher.given.slice(0, 3)).toEqual(['1 refused', '51 events', '52 events']);
    const events = publisher.given.slice(1).reduce((sum, given) => sum + Number.parseInt(given, 10), 0);
    expect(events).toBe(300);
  });

  it('takes nothing when the log has not confirmed what is refused', async () => {
    const publisher = new NotingPublisher(confirm, fail);
    await expect(take(publisher, 10)).rejects.toThrow(IngestUnconfirmedError);
    expect(publisher.given).toEqual(['1 refused']);
  });

  it('does not know what became of it when the log does not confirm the events', async () => {
    await expect(take(new NotingPublisher(fail, confirm), 10)).rejects.toThrow(IngestUnconfirmedError);
  });

  it('says so before the library gives up, when the log is silent', async () => {
    jest.useFakeTimers();
    try {
      const refused = expect(take(new NotingPublisher(hang, confirm), 10)).rejects.toThrow(IngestUnconfirmedError);
      await jest.advanceTimersByTimeAsync(9500);
      await refused;
    } finally {
      jest.useRealTimers();
    }
  });
});
