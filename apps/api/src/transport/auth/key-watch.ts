import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { StoreUnavailableError } from '@app/persistence';
import { PinoLogger } from 'nestjs-pino';
import { KeyRing } from './key-ring';

/** What a key is believed for lasts 50 s; with this a revocation is noticed within a minute. */
const LOOK_MS = 5000;

/** Tells who answers for long that the key which it was asked with is no longer valid. */
@Injectable()
export class KeyWatch implements OnModuleDestroy {
  private readonly watched = new Map<string, Set<() => void>>();
  private timer: NodeJS.Timeout | undefined;
  private looking = false;

  constructor(
    private readonly keys: KeyRing,
    private readonly logger: PinoLogger,
  ) {}

  /**
   * @param onInvalid called once, within a minute of the key's revocation, or soon after it has expired.
   * @returns ends it; may be called twice.
   */
  watch(keyId: string, onInvalid: () => void): () => void {
    const told = this.watched.get(keyId) ?? new Set();
    this.watched.set(keyId, told.add(onInvalid));
    this.timer ??= setInterval(() => void this.look(), LOOK_MS).unref();
    return () => {
      told.delete(onInvalid);
      if (told.size === 0 && this.watched.get(keyId) === told) this.watched.delete(keyId);
      if (this.watched.size === 0) this.rest();
    };
  }

  onModuleDestroy(): void {
    this.rest();
  }

  private rest(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    try {
      for (const keyId of [...this.watched.keys()]) {
        if (await this.isValid(keyId)) continue;
        for (const tell of [...(this.watched.get(keyId) ?? [])]) tell();
      }
    } finally {
      this.looking = false;
    }
  }

  /** While PostgreSQL is away, nobody can say that it is not. Never rejects. */
  private async isValid(keyId: string): Promise<boolean> {
    try {
      return await this.keys.isValid(keyId);
    } catch (error) {
      // What is not foreseen is no reason to end streams, nor to look after no other key, nor to end the process.
      if (!(error instanceof StoreUnavailableError)) {
        this.logger.error({ error, key_id: keyId }, 'Whether a key is still valid cannot be found out.');
      }
      return true;
    }
  }
}
