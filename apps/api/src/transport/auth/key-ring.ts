import { timingSafeEqual } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiKeys, hashApiKeySecret, readApiKey, StoreUnavailableError } from '@app/persistence';
import { InTurn } from './in-turn';
import type { KeyUsage } from './key-usage';

export type Scope = 'ingest' | 'read' | 'admin';

/** Who is asking, as far as the service cares. */
export interface Principal {
  readonly keyId: string;
  readonly projectId: number;
  readonly scopes: readonly string[];
  /** Some events of the project before this UTC day were dropped. Learned with the key: up to a minute late. */
  readonly eventsFrom?: string | undefined;
}

interface Entry {
  readonly stored: NonNullable<Awaited<ReturnType<ApiKeys['find']>>>;
  /** When the database was asked, not when it answered: a key may be revoked in between. */
  readonly askedAt: number;
  refreshAt: number;
  /** Of the last use that was noted. */
  notedAt: number;
  /** The secret that was verified last: comparing with it costs 0.5 µs, hashing 4 µs. */
  verified: Buffer | undefined;
}

/** A revoked key stops working within a minute everywhere: ten seconds are left for a slow database or a second try. */
const FRESH_MS = 50_000;
/** While PostgreSQL is away, a key that was seen at most this long ago is honoured. */
const HONOURED_MS = 3_600_000;
/** A request whose key may be honoured waits this long for a refresh, which goes on behind it. */
const PATIENCE_MS = 250;
/** After a refresh that failed or was slow, the key is honoured without asking for this long. */
const RETRY_MS = 5000;
const MAX_ENTRIES = 10_000;
/** Of many uses one is noted. */
const NOTE_MS = 1000;
/** Ids that are not known may be made up: they share this much of the database, and this many may wait for it. */
const STRANGERS = { running: 4, waiting: 200 };

/** Tells whose key it is. Keeps what it learned for a while, unknown ids too, so that no request waits for the database. */
export class KeyRing {
  private readonly entries = new Map<string, Entry>();
  /** Ids of no key, and until when to believe it. Apart, so that a flood of made-up ids drives out no key. */
  private readonly unknown = new Map<string, number>();
  private readonly lookups = new Map<string, Promise<Entry | undefined>>();
  private readonly strangers = new InTurn(
    STRANGERS,
    () => new StoreUnavailableError('Too many keys are looked up.', undefined),
  );
  private forgotten = 0;

  constructor(
    private readonly keys: ApiKeys,
    private readonly pepper: string,
    private readonly now: () => number = Date.now,
    private readonly usage?: Pick<KeyUsage, 'note'>,
  ) {}

  /**
   * The owner of a presented key; undefined when there is none. Answers at once, without a promise, when it knows.
   *
   * @throws {StoreUnavailableError} when the key is not known and PostgreSQL is away, or too many such keys wait.
   */
  authenticate(presented: string): Principal | undefined | Promise<Principal | undefined> {
    const parts = readApiKey(presented);
    if (parts === undefined) return undefined;
    const { id, secret } = parts;
    const entry = this.entries.get(id);
    if (entry !== undefined && this.now() < entry.refreshAt) return this.verify(entry, secret);
    if ((this.unknown.get(id) ?? -Infinity) > this.now()) return undefined;
    const usable = entry !== undefined && this.now() < entry.askedAt + HONOURED_MS;
    const found = usable ? this.refresh(id, entry) : this.lookUp(id, () => this.strangers.run(() => this.fetch(id)));
    return found.then((fetched) => this.verify(fetched, secret));
  }

  /**
   * Whether the key of this id is valid now, for whom it has let in already.
   *
   * @throws {StoreUnavailableError} when it is not known and PostgreSQL is away.
   */
  async isValid(id: string): Promise<boolean> {
    const known = this.entries.get(id);
    const fresh = known !== undefined && this.now() < known.refreshAt;
    const usable = known !== undefined && this.now() < known.askedAt + HONOURED_MS;
    const entry = fresh ? known : await (usable ? this.refresh(id, known) : this.lookUp(id, () => this.fetch(id)));
    return entry !== undefined && !isOver(entry.stored, this.now());
  }

  /** What changed here counts here at once; elsewhere within a minute. */
  forget(id: string): void {
    this.forgotten += 1;
    this.entries.delete(id);
    this.unknown.delete(id);
    this.lookups.delete(id);
  }

  private verify(entry: Entry | undefined, secret: string): Principal | undefined {
    const now = this.now();
    if (entry === undefined || isOver(entry.stored, now)) return undefined;
    const { stored } = entry;
    const presented = Buffer.from(secret);
    if (entry.verified === undefined || !timingSafeEqual(entry.verified, presented)) {
      if (!timingSafeEqual(hashApiKeySecret(secret, this.pepper), stored.hash)) return undefined;
      entry.verified = presented;
    }
    if (now - entry.notedAt >= NOTE_MS) {
      entry.notedAt = now;
      this.usage?.note(stored.id, now);
    }
    const { projectId, scopes, eventsFrom } = stored;
    return { keyId: stored.id, projectId, scopes, eventsFrom: eventsFrom ?? undefined };
  }

  /** The key as it is now; as it was, when PostgreSQL does not tell or takes long to. */
  private async refresh(id: string, known: Entry): Promise<Entry | undefined> {
    const timer = new AbortController();
    const lookup = this.lookUp(id, () => this.fetch(id));
    try {
      const found = await Promise.race([lookup, delay(PATIENCE_MS, known, { signal: timer.signal })]);
      if (found !== known) return found;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
    } finally {
      timer.abort();
    }
    known.refreshAt = Math.min(this.now() + RETRY_MS, known.askedAt + HONOURED_MS);
    return known;
  }

  /** Requests that ask for the same key at the same time share one query. */
  private lookUp(id: string, fetch: () => Promise<Entry | undefined>): Promise<Entry | undefined> {
    const running = this.lookups.get(id);
    if (running !== undefined) return running;
    const lookup = fetch().finally(() => {
      if (this.lookups.get(id) === lookup) this.lookups.delete(id);
    });
    this.lookups.set(id, lookup);
    return lookup;
  }

  private async fetch(id: string): Promise<Entry | undefined> {
    const askedAt = this.now();
    const { forgotten } = this;
    const stored = await this.keys.find(id);
    // What was read before a change must not be remembered after it.
    const current = forgotten === this.forgotten;
    if (stored === undefined) {
      this.entries.delete(id);
      if (current) remember(this.unknown, id, askedAt + FRESH_MS);
      return undefined;
    }
    const entry: Entry = { stored, askedAt, refreshAt: askedAt + FRESH_MS, notedAt: -Infinity, verified: undefined };
    if (current) remember(this.entries, id, entry);
    return entry;
  }
}

function isOver({ revokedAt, expiresAt }: Entry['stored'], now: number): boolean {
  return revokedAt !== null || (expiresAt !== null && expiresAt.getTime() <= now);
}

/** The one learned longest ago makes room. */
function remember<T>(map: Map<string, T>, id: string, value: T): void {
  map.delete(id);
  const oldest = map.size >= MAX_ENTRIES ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
  map.set(id, value);
}
