import type { Database } from '@app/persistence';
import type { Logger } from 'pino';
import { EventTail, type LogBounds, type LogPosition, type TailReader } from '../event-tail.port';
import { TopicMissingError } from '../topic-missing.error';
import { readBounds, wakeUpChannel } from './embedded-log';
import { OutageLog } from './outage-log';
import { PostgresTailReader } from './postgres-tail-reader';

/** Reads the tables of the embedded log. Its readers share one connection that listens, while there are any. */
export class PostgresEventTail extends EventTail {
  private readonly readers = new Set<PostgresTailReader>();
  private listening: Promise<() => Promise<void>> | undefined;
  private readonly outage: OutageLog;
  private opened = 0;

  constructor(
    private readonly database: Database,
    private readonly topic: string,
    logger: Logger,
  ) {
    super();
    this.outage = new OutageLog(logger, {
      began: 'The embedded log does not answer: it is read on when it does.',
      over: 'The embedded log is read on.',
    });
  }

  override async bounds(): Promise<LogBounds> {
    const partitions = await readBounds(this.database, this.topic);
    if (partitions.length === 0) throw new TopicMissingError(this.topic);
    return { logName: `postgres/${this.topic}`, partitions };
  }

  override open(from: LogPosition): TailReader {
    this.opened += 1;
    const name = `reader ${this.opened}`;
    const reader: PostgresTailReader = new PostgresTailReader(this.database, this.topic, from, {
      onTry: (error) => {
        if (error === undefined) this.outage.over(name);
        else this.outage.met(name, error);
      },
      onClosed: () => {
        this.outage.over(name);
        this.forget(reader);
      },
    });
    this.readers.add(reader);
    this.listening ??= this.database.listen(wakeUpChannel(this.topic), () => {
      for (const each of this.readers) each.poke();
    });
    this.listening.catch(() => undefined); // readers look by themselves every second
    return reader;
  }

  override async close(): Promise<void> {
    await Promise.all([...this.readers].map((reader) => reader.close()));
  }

  private forget(reader: PostgresTailReader): void {
    this.readers.delete(reader);
    if (this.readers.size > 0) return;
    const { listening } = this;
    this.listening = undefined;
    listening?.then((stop) => stop()).catch(() => undefined);
  }
}
