import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { EventPartitions, HotMinutes } from '@app/persistence';

const HOUR_MS = 3_600_000;

/** Makes partitions for the days to come, and removes the minutes of days long gone, at the start and once an hour. */
@Injectable()
export class PartitionKeeper {
  private timer: NodeJS.Timeout | undefined;
  /** A day stays in the default partition; it is worth one line, not one an hour. */
  private readonly toldInDefault = new Set<string>();

  constructor(
    private readonly partitions: EventPartitions,
    private readonly minutes: HotMinutes,
    private readonly logger: PinoLogger,
  ) {}

  /** Resolves after the first round; a round that fails is logged, and events go to the default partition meanwhile. */
  async start(): Promise<void> {
    this.timer = setInterval(() => void this.round(), HOUR_MS);
    this.timer.unref();
    await this.round();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async round(): Promise<void> {
    const now = new Date();
    await this.makePartitions(now);
    await this.removeMinutes(now);
  }

  private async makePartitions(now: Date): Promise<void> {
    try {
      const { created, inDefault, deferred } = await this.partitions.ensure(now);
      if (created.length > 0) this.logger.info({ created }, 'Days have partitions of their own.');
      this.tellInDefault(inDefault);
      if (deferred.length > 0)
        this.logger.warn({ deferred }, 'Days have no partition yet; the next round tries again.');
    } catch (error) {
      this.logger.warn({ error }, 'Partitions could not be made; the next round tries again.');
    }
  }

  private async removeMinutes(now: Date): Promise<void> {
    try {
      await this.minutes.removeOld(now);
    } catch (error) {
      this.logger.warn({ error }, 'Old minutes could not be removed; the next round tries again.');
    }
  }

  private tellInDefault(days: readonly string[]): void {
    const inDefault = days.filter((day) => !this.toldInDefault.has(day));
    if (inDefault.length === 0) return;
    for (const day of inDefault) this.toldInDefault.add(day);
    this.logger.info({ inDefault }, 'Days stay in the default partition, which had events of theirs first.');
  }
}
