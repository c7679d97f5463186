import type { Logger } from 'pino';
import type { KafkaConfig } from '@app/config';
import { PipelineError } from '@app/events';
import { EventTail, type LogBounds, type LogPosition, type TailReader } from '../event-tail.port';
import { LogUnavailableError } from '../log-unavailable.error';
import { KafkaTailReader } from './kafka-tail-reader';
import { TopicConnection } from './topic-connection';

/**
 * Fetches partitions by their leaders, as a consumer's client does inside, without a group: a group that nobody commits
 * for would need rights of its own, take a rebalance for each reader, and stay behind.
 */
export class KafkaEventTail extends EventTail {
  private readonly readers = new Set<TailReader>();
  private closed = false;

  constructor(
    private readonly config: KafkaConfig,
    private readonly logger: Logger,
  ) {
    super();
  }

  override async bounds(): Promise<LogBounds> {
    let connection: TopicConnection | undefined;
    try {
      connection = await this.connect();
      return await connection.bounds();
    } catch (error) {
      if (error instanceof PipelineError) throw error;
      throw new LogUnavailableError(`Kafka cannot be reached (${(error as Error).message}).`, { cause: error });
    } finally {
      connection?.close();
    }
  }

  override open(from: LogPosition): TailReader {
    let away = false;
    const { topic } = this.config;
    const reader: KafkaTailReader = new KafkaTailReader(from, {
      connect: () => this.connect(),
      onTry: (error) => {
        // Two lines per outage: the tries in between say the same.
        if (error !== undefined && !away) this.logger.warn({ error, topic }, 'The log is read on when Kafka answers.');
        if (error === undefined && away) this.logger.info({ topic }, 'The log is read on.');
        away = error !== undefined;
      },
      onUnreadable: (partition, offset, error) => {
        this.logger.warn(
          { error, topic, partition, offset },
          'A partition is not read on: its records are unreadable.',
        );
      },
      onClosed: () => this.readers.delete(reader),
    });
    this.readers.add(reader);
    return reader;
  }

  override async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.readers].map((reader) => reader.close()));
  }

  private connect(): Promise<TopicConnection> {
    if (this.closed) throw new LogUnavailableError('The tail of the log is closed.');
    return TopicConnection.open(this.config, this.logger);
  }
}
