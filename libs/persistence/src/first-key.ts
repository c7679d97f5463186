import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { hashApiKeySecret, mintApiKey, readApiKey, type ApiKeyParts } from './api-key';
import type { ApiKeys } from './api-keys';
import { DEFAULT_PROJECT } from './projects';

type Key = ApiKeyParts & { readonly text: string };

async function register(keys: ApiKeys, key: ApiKeyParts, pepper: string): Promise<void> {
  const hash = hashApiKeySecret(key.secret, pepper);
  await keys.add({ id: key.id, projectId: DEFAULT_PROJECT, name: 'first key', scopes: ['admin'], hash });
}

function keyOfFile(file: string): Key {
  const text = readFileSync(file, 'utf8').trim();
  const parts = readApiKey(text);
  if (parts === undefined) throw new Error(`${file} does not hold an API key of Millrace.`);
  return { ...parts, text };
}

function keyIntoFile(file: string): Key {
  const key = mintApiKey();
  mkdirSync(dirname(file), { recursive: true });
  // Whole or not at all: a crash in the middle would leave a file that every later start refuses. And linked, not
  // renamed: of two that start at once, one makes the key and the other fails here rather than replace it.
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, `${key.text}\n`, { mode: 0o600 });
    linkSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
  return key;
}

/**
 * Sees to it that the key in `file` is known to the database; makes file and key when the file is missing. The key has
 * the scope admin in project `default`. Safe to repeat: file and database survive each other's restart.
 *
 * @returns the key's text.
 */
export async function ensureFirstKey(keys: ApiKeys, file: string, pepper: string): Promise<string> {
  const key = existsSync(file) ? keyOfFile(file) : keyIntoFile(file);
  await register(keys, key, pepper);
  return key.text;
}

/**
 * Makes a first key when the database has none at all.
 *
 * @returns its text, to be shown once, or undefined when there is a key already.
 */
export async function mintFirstKey(keys: ApiKeys, pepper: string): Promise<string | undefined> {
  if (await keys.any()) return undefined;
  const key = mintApiKey();
  await register(keys, key, pepper);
  return key.text;
}
