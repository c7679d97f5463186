import { isObject, parseRfc3339 } from '@app/events';
import { DEFAULT_PROJECT } from '../projects';

/** A record that is no event, as far as it may tell of a user. */
export interface ClaimingRecord {
  /** Under which it is kept. */
  readonly projectId: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

export interface LetterClaims {
  /** Whose users they are. */
  readonly projectId: number;
  /** Each that the record may be of, in the words of any door; some may be no users. A dozen at most. */
  readonly users: ReadonlySet<string>;
  /** When the API took it, in milliseconds; undefined when the record does not tell. */
  readonly receivedAt: number | undefined;
  /** The value has no other users. */
  readonly readable: boolean;
}

/** Of our own wire form and of Segment's messages. */
const USER_MEMBERS = ['user_id', 'userId', 'anonymousId'] as const;

/** The same in a text that is no JSON, or JSON within JSON. A user of 200 characters has 2400 in escapes. */
const USER_IN_TEXT = new RegExp(
  `"(?:${USER_MEMBERS.join('|')})"\\s*:\\s*("(?:[^"\\\\]|\\\\.){0,2400}"|-?\\d{1,17}(?![\\d.eE]))`,
  'g',
);

/** Of one record. We write one message; a stranger's may name hundreds of thousands of users, each to be looked up. */
const MAX_MESSAGES = 4;
const MAX_IN_TEXT = 10;

const INT4_MAX = 2_147_483_647;

/** Pure. Whom a record that could not become an event is about. */
export function claimsOf(record: ClaimingRecord): LetterClaims {
  const { projectId, keyUser } = ownerOf(record);
  const users = new Set(keyUser === undefined ? [] : [keyUser]);
  const text = record.value?.toString() ?? '';
  const parsed = parse(text);
  const whole = isObject(parsed) ? parsed : {};
  addUsers(users, whole);
  // What Segment's door has refused is kept as a batch of one message, or as the beginning of a text that was too long.
  const { batch = [], truncated } = whole;
  const messages = Array.isArray(batch) && batch.length <= MAX_MESSAGES ? batch.filter(isObject) : [];
  for (const message of messages) addUsers(users, message);
  const readable =
    isObject(parsed) && truncated === undefined && Array.isArray(batch) && messages.length === batch.length;
  if (!readable) addUsersIn(users, [truncated, parsed].find((part) => typeof part === 'string') ?? text);
  const receivedAt = instantOf(whole['received_at']) ?? instantOf(whole['receivedAt']);
  return { projectId, users, receivedAt, readable };
}

/**
 * Pure. True when the record is of the user, or nobody can tell whose it is and their id stands in it as JSON writes it,
 * or as JSON within JSON does.
 *
 * @param detail names members, of which clients choose the names.
 */
export function isLetterOf(
  { projectId, userId }: { readonly projectId: number; readonly userId: string },
  { value, detail }: { readonly value: Buffer | null; readonly detail: string },
  claims: LetterClaims,
): boolean {
  if (claims.projectId !== projectId) return false;
  if (claims.users.has(userId)) return true;
  const text = JSON.stringify(userId);
  if (detail.includes(text)) return true;
  if (claims.readable || value === null) return false;
  return value.includes(text) || value.includes(JSON.stringify(text).slice(1, -1));
}

/** What nobody could read is kept under `default`, and may be of any project: its key tells. */
function ownerOf({ projectId, key }: ClaimingRecord): { projectId: number; keyUser: string | undefined } {
  const [, digits = '', keyUser] = /^([1-9]\d{0,9}):(.*)$/s.exec(key?.toString() ?? '') ?? [];
  const keyProject = Number(digits);
  if (keyProject === projectId) return { projectId, keyUser };
  const isAnother = projectId === DEFAULT_PROJECT && keyUser !== undefined && keyProject <= INT4_MAX;
  return isAnother ? { projectId: keyProject, keyUser } : { projectId, keyUser: undefined };
}

function addUsers(users: Set<string>, object: Readonly<Record<string, unknown>>): void {
  for (const member of USER_MEMBERS) addUser(users, object[member]);
}

function addUsersIn(users: Set<string>, text: string): void {
  let left = MAX_IN_TEXT;
  for (const [, literal = ''] of text.matchAll(USER_IN_TEXT)) {
    addUser(users, parse(literal));
    left -= 1;
    if (left === 0) return;
  }
}

/** Segment's door takes numbers, too. */
function addUser(users: Set<string>, value: unknown): void {
  if (typeof value === 'string' || typeof value === 'number') users.add(String(value));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function instantOf(value: unknown): number | undefined {
  return typeof value === 'string' ? parseRfc3339(value) : undefined;
}
