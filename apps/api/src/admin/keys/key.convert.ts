import { parseRfc3339 } from '@app/events';
import type { ApiKeyPlace, ListedApiKey, Scope, StoredProject } from '@app/persistence';
import { refused } from '../refused';

/** A key as it is listed: never its secret, nor what is stored of it. */
export interface KeyDto {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly project: StoredProject;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
}

/** A page of keys; `next_cursor` leads to the next one and is null at the end. */
export interface KeyPageDto {
  readonly data: readonly KeyDto[];
  readonly next_cursor: string | null;
}

/** A key that was made now; `key` is its text, shown this once. */
export interface NewKeyDto {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly project: StoredProject;
  readonly key: string;
  readonly created_at: string;
  readonly expires_at: string | null;
}

export function toKeyDto(key: ListedApiKey): KeyDto {
  const { id, name, scopes, project } = key;
  return {
    id,
    name,
    scopes,
    project,
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
  };
}

export function toNewKeyDto(key: ListedApiKey, text: string): NewKeyDto {
  const { id, name, scopes, project, created_at, expires_at } = toKeyDto(key);
  return { id, name, scopes, project, key: text, created_at, expires_at };
}

/** The place behind which the next page begins. Opaque to clients. */
export function toKeyCursor({ id, project }: ListedApiKey): string {
  return Buffer.from(`${project.id}.${id}`).toString('base64url');
}

/** @throws {ProblemError} 422 for anything that `toKeyCursor` did not make. */
export function readKeyCursor(cursor: string): ApiKeyPlace {
  const [project = '', id = '', ...rest] = Buffer.from(cursor, 'base64url').toString('latin1').split('.');
  if (/^\d{1,9}$/.test(project) && /^[0-9A-Za-z]{1,64}$/.test(id) && rest.length === 0) {
    return { projectId: Number(project), id };
  }
  throw refused('cursor', 'format', 'is none of this list');
}

/** @returns null when it is missing. @throws {ProblemError} 422 when it is no instant to come. */
export function readExpiry(value: unknown): Date | null {
  if (value === undefined || value === null) return null;
  const instant = typeof value === 'string' ? parseRfc3339(value) : undefined;
  if (instant === undefined) {
    throw refused('expires_at', 'format', 'must be an RFC 3339 date-time with zone, like 2026-01-31T23:59:59.999Z');
  }
  if (instant <= Date.now()) throw refused('expires_at', 'range', 'must lie in the future');
  return new Date(instant);
}
