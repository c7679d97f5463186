import { isObject, parseRfc3339 } from '@app/events';

/** A record that is no event, as far as it may tell of a user. */
export interface ClaimingRecord {
  readonly projectId: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

export interface LetterClaims {
  /** Each that the record may be of, in the words of any door; some may be no users. */
  readonly users: ReadonlySet<string>;
  /** When the API took it, in milliseconds; undefined when the record does not tell. */
  readonly receivedAt: number | undefined;
  /** The value is JSON. */
  readonly readable: boolean;
}

/** Of our own wire form and of Segment's messages. */
const USER_MEMBERS = ['user_id', 'userId', 'anonymousId'] as const;

/** Pure. Whom a record that could not become an event is about. */
export function claimsOf({ projectId, key, value }: ClaimingRecord): LetterClaims {
  const users = new Set<string>();
  const prefix = `${projectId}:`;
  const keyText = key?.toString() ?? '';
  if (keyText.startsWith(prefix)) users.add(keyText.slice(prefix.length));
  const parsed = parse(value);
  if (!isObject(parsed)) return { users, receivedAt: undefined, readable: parsed !== undefined };
  addUsers(users, parsed);
  // What Segment's door has refused is kept as a batch of one message.
  const batch = parsed['batch'];
  if (Array.isArray(batch)) for (const message of batch) if (isObject(message)) addUsers(users, message);
  const receivedAt = instantOf(parsed['received_at']) ?? instantOf(parsed['receivedAt']);
  return { users, receivedAt, readable: true };
}

/**
 * Pure. True when the record is of the user, or nobody can tell whose it is and their id stands in it as JSON writes it.
 *
 * @param detail names members, of which clients choose the names.
 */
export function isLetterOf(userId: string, record: ClaimingRecord, claims: LetterClaims, detail: string): boolean {
  if (claims.users.has(userId)) return true;
  const text = JSON.stringify(userId);
  return detail.includes(text) || (!claims.readable && record.value?.includes(text) === true);
}

function addUsers(users: Set<string>, object: Readonly<Record<string, unknown>>): void {
  for (const member of USER_MEMBERS) {
    const value = object[member];
    // Segment's door takes numbers, too.
    if (typeof value === 'string' || typeof value === 'number') users.add(String(value));
  }
}

function parse(value: Buffer | null): unknown {
  if (value === null) return undefined;
  try {
    return JSON.parse(value.toString());
  } catch {
    return undefined;
  }
}

function instantOf(value: unknown): number | undefined {
  return typeof value === 'string' ? parseRfc3339(value) : undefined;
}
