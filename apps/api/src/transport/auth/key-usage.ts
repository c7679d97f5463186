import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ApiKeys } from '@app/persistence';
import { PinoLogger } from 'nestjs-pino';

const FLUSH_MS = 60_000;
const MAX_KEYS = 10_000;

/**
 * When each key was last used. Kept here and written once a minute for all of them: a request neither waits for it nor
 * fails by it. What could not be written waits for the next minute; a crash loses the last one.
 */
@Injectable()
export class KeyUsage implements OnModuleInit, OnApplicationShutdown {
  private used = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly keys: ApiKeys,
    private readonly logger: PinoLogger,
  ) {}

  note(keyId: string, atMs: number): void {
    if (this.used.size < MAX_KEYS || this.used.has(keyId)) this.used.set(keyId, atMs);
  }

  onModuleInit(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_MS).unref();
  }

  /** After the server has closed, while the database is still open. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  /** Never rejects. */
  async flush(): Promise<void> {
    if (this.used.size === 0) return;
    const uses = this.used;
    this.used = new Map(); // what comes meanwhile belongs to the next one
    try {
      await this.keys.markUsed(uses);
    } catch (error) {
      this.logger.debug({ error, keys: uses.size }, 'When keys were used will be written later.');
      for (const [keyId, atMs] of uses) if (!this.used.has(keyId)) this.note(keyId, atMs);
    }
  }
}
