import { createHmac, randomBytes } from 'node:crypto';
import { StoreUnavailableError, Tickets } from '@app/persistence';
import { problems, ProblemError } from '../problem';
import { InTurn } from './in-turn';
import type { Principal } from './key-ring';
import type { KeyUsage } from './key-usage';

const FORM = /^mrt_[A-Za-z0-9_-]{43}$/;
const LIFETIME_SECONDS = 60;
/** Tickets may be made up: they share this much of the database, and this many may wait for it. */
const TAKERS = { running: 4, waiting: 200 };

export interface IssuedTicket {
  readonly ticket: string;
  readonly expiresAt: Date;
}

/**
 * Tickets stand in for a key where a browser can send no header: in the URL of an EventSource or a download. A URL ends up
 * in histories and logs of proxies, so a ticket is good for one use, for a minute, and for reading only.
 */
export class TicketDesk {
  private readonly takers = new InTurn(
    TAKERS,
    () => new StoreUnavailableError('Too many tickets are looked up.', undefined),
  );

  constructor(
    private readonly tickets: Tickets,
    private readonly pepper: string,
    private readonly usage: Pick<KeyUsage, 'note'>,
  ) {}

  /** @throws {ProblemError} 422 when the key has a thousand that nobody has used. */
  async issue(keyId: string): Promise<IssuedTicket> {
    const ticket = `mrt_${randomBytes(32).toString('base64url')}`;
    const expiresAt = await this.tickets.add(this.hash(ticket), keyId, LIFETIME_SECONDS);
    if (expiresAt !== undefined) return { ticket, expiresAt };
    const error = { field: '', code: 'range', message: 'the key has 1000 tickets that nobody has used yet' };
    throw new ProblemError(problems.invalid('No more tickets now: each is good for a minute.', [error]));
  }

  /** Whom a ticket stands for; afterwards it stands for nobody, on every replica. */
  async take(ticket: string): Promise<Principal | undefined> {
    if (!FORM.test(ticket)) return undefined;
    const owner = await this.takers.run(() => this.tickets.take(this.hash(ticket)));
    if (owner === undefined) return undefined;
    const { keyId, projectId, scopes, eventsFrom } = owner;
    if (!scopes.includes('read') && !scopes.includes('admin')) return undefined;
    this.usage.note(keyId, Date.now());
    return { keyId, projectId, scopes: ['read'], eventsFrom: eventsFrom ?? undefined };
  }

  private hash(ticket: string): Buffer {
    return createHmac('sha256', this.pepper).update(ticket).digest();
  }
}
