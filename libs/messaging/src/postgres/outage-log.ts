import { StoreUnavailableError } from '@app/persistence';
import type { Logger } from 'pino';

/**
 * Two lines per outage, however often and by however many it is met: one when it begins, one when nobody meets it any
 * more. That the database is away is a warning, since it comes back by itself; anything else is an error, since
 * somebody must look.
 */
export class OutageLog {
  private readonly meeting = new Set<string>();

  constructor(
    private readonly logger: Logger,
    private readonly words: { readonly began: string; readonly over: string },
  ) {}

  met(who: string, error: unknown): void {
    const { began } = this.words;
    if (this.meeting.size > 0) this.logger.debug({ error, who }, began);
    else if (error instanceof StoreUnavailableError) this.logger.warn({ error, who }, began);
    else this.logger.error({ error, who }, began);
    this.meeting.add(who);
  }

  over(who: string): void {
    if (this.meeting.delete(who) && this.meeting.size === 0) this.logger.info(this.words.over);
  }
}
