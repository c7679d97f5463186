import { parseEvent } from '@app/events';
import { EventPublisher, PublishUnconfirmedError, type PublisherStatus } from '@app/messaging';
import { EventLimit } from '../transport/limit/event-limit';
import { IngestService, IngestUnconfirmedError } from './ingest.service';

class FailingPublisher extends EventPublisher {
  constructor(private readonly failure: Error) {
    super();
  }
  override publish(): Promise<void> {
    return Promise.reject(this.failure);
  }
  override append(): Promise<void> {
    return Promise.reject(this.failure);
  }
  override status(): PublisherStatus {
    return { queuedEvents: 0, queuedBytes: 0, refusing: false };
  }
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

const parsed = [{ name: 'a' }, { name: '' }].map((body) => parseEvent(body, { projectId: 1, receivedAt: new Date() }));
const principal = { keyId: 'k', projectId: 1, scopes: ['ingest'] };
const options = { principal, requestId: 'r', atomic: false };
const limit = new EventLimit({ eventsPerSecond: 1, burst: 1, replicas: 1 });

describe('IngestService', () => {
  it('counts as unconfirmed what the log did not confirm', async () => {
    const service = new IngestService(new FailingPublisher(new PublishUnconfirmedError('too late')), limit);
    await expect(service.accept(parsed, options)).rejects.toThrow(IngestUnconfirmedError);
    expect(service.totals).toEqual({ accepted: 0, rejected: 0, unconfirmed: 1 });
  });

  it('counts nothing when it failed by a mistake of its own', async () => {
    const service = new IngestService(new FailingPublisher(new TypeError('a bug')), limit);
    await expect(service.accept(parsed, options)).rejects.toThrow('a bug');
    expect(service.totals).toEqual({ accepted: 0, rejected: 0, unconfirmed: 0 });
  });
});
