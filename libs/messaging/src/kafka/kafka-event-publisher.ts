import type { Message } from 'kafkajs';
import type { Logger } from 'pino';
import type { KafkaConfig, PublishConfig } from '@app/config';
import type { Event } from '@app/events';
import {
  EventPublisher,
  PublishUnconfirmedError,
  RecordsRefusedError,
  type PublisherStatus,
} from '../event-publisher.port';
import { toEventRecords, type EventRecord, type Origin } from '../event-record.mapping';
import { headerBytes } from '../log-record';
import { PublishQueue } from '../publish-queue';
import { CircuitBreaker } from './circuit-breaker';
import { isAboutTheRecords } from './kafka-error';
import { MAX_RECORDS_PER_REQUEST, toProduceRequests, type WeighedRecord } from './produce-requests';
import { ProducerSession } from './producer-session';

/** Kafka's own bytes around a record, and ours for the objects. */
const OVERHEAD_BYTES = 100;
/** Bytes of small records that travel together; `toProduceRequests` cuts what one partition may not take. */
const BATCH_BYTES = 4_000_000;
const FIRST_PROBE_MS = 500;
const LAST_PROBE_MS = 2000;

/**
 * Publishes on a Kafka topic with acks=all. Connects at the first call, or in the background after `start`.
 *
 * Trades duplicates for certainty: a request without an answer is sent again, and the ledger drops what came twice.
 * While Kafka does not answer, the breaker refuses within milliseconds instead of letting callers queue.
 */
export class KafkaEventPublisher extends EventPublisher {
  private readonly queue: PublishQueue<WeighedRecord>;
  private readonly breaker: CircuitBreaker;
  private session: ProducerSession;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly config: KafkaConfig,
    limits: PublishConfig,
    private readonly logger: Logger,
  ) {
    super();
    this.session = new ProducerSession(config, logger);
    this.queue = new PublishQueue(limits, { events: MAX_RECORDS_PER_REQUEST, bytes: BATCH_BYTES }, (records) =>
      this.send(records),
    );
    this.breaker = new CircuitBreaker({
      firstWaitMs: FIRST_PROBE_MS,
      lastWaitMs: LAST_PROBE_MS,
      probe: () => this.connectAnew(),
      onOpen: (error) => {
        logger.warn({ error, topic: config.topic }, 'Kafka does not confirm: events are refused until it does.');
      },
      onClose: () => {
        logger.info({ topic: config.topic }, 'Kafka confirms again.');
      },
    });
  }

  /** Connects in the background, so that the first request need not wait and a missing topic is known at boot. */
  start(): void {
    this.session.connect().catch((error: unknown) => {
      this.breaker.failed(error);
    });
  }

  async publish(events: readonly Event[], origin: Origin): Promise<void> {
    if (this.breaker.open) throw this.refusal();
    await this.queue.publish(weigh(encode(events, origin)));
  }

  async append(records: readonly EventRecord[]): Promise<void> {
    if (this.breaker.open) throw this.refusal();
    await this.queue.publish(weigh(records));
  }

  override status(): PublisherStatus {
    const { events, bytes } = this.queue.load;
    return { queuedEvents: events, queuedBytes: bytes, refusing: this.breaker.open };
  }

  /** Refuses new events, lets the waiting ones be confirmed, disconnects. May be called twice. */
  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async finish(): Promise<void> {
    await this.queue.close();
    this.breaker.stop();
    await this.session.close();
  }

  /** One at a time (the queue sees to that), so that a retry cannot overtake or be overtaken. */
  private async send(records: readonly WeighedRecord[]): Promise<void> {
    if (this.breaker.open) throw this.refusal();
    try {
      for (const request of toProduceRequests(records, this.session.partitions)) {
        await this.session.send(request as WeighedRecord[] & Message[]);
      }
    } catch (error) {
      // Refused records say nothing about Kafka: others need not suffer for them.
      if (isAboutTheRecords(error)) throw new RecordsRefusedError('Kafka refuses a record.', { cause: error });
      this.breaker.failed(error);
      throw new PublishUnconfirmedError('Kafka did not confirm the events.', { cause: error });
    }
    this.breaker.succeeded();
  }

  private async connectAnew(): Promise<void> {
    this.session.destroy();
    this.session = new ProducerSession(this.config, this.logger);
    await this.session.connect();
  }

  private refusal(): PublishUnconfirmedError {
    return new PublishUnconfirmedError('Kafka does not answer; the events were not sent.', {
      cause: this.breaker.lastError,
    });
  }
}

/** What cannot be encoded is a bug of ours, but the caller must hear what every failure means: not confirmed. */
function encode(events: readonly Event[], origin: Origin): EventRecord[] {
  try {
    return toEventRecords(events, origin);
  } catch (error) {
    throw new PublishUnconfirmedError('The events could not be encoded.', { cause: error });
  }
}

/** Records of one call share their headers, as a rule: counted once for all in a row. */
function weigh(records: readonly EventRecord[]): WeighedRecord[] {
  let last: EventRecord['headers'] | undefined;
  let overhead = OVERHEAD_BYTES;
  return records.map(({ key, value, headers }) => {
    if (headers !== last) {
      last = headers;
      overhead = OVERHEAD_BYTES + headerBytes(headers);
    }
    return { key, value, headers, bytes: key.length + (value?.length ?? 0) + overhead };
  });
}
