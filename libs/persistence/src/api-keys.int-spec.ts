import { freshDatabase, type FreshDatabase } from '@app/testing';
import { ApiKeys, type NewApiKey } from './api-keys';

let db: FreshDatabase;
let keys: ApiKeys;
beforeEach(async () => {
  db = await freshDatabase();
  keys = new ApiKeys(db.database);
});
afterEach(async () => {
  await db.drop();
});

const key: NewApiKey = {
  id: 'abc',
  projectId: 1,
  name: 'first',
  scopes: ['ingest', 'read'],
  hash: Buffer.from([0, 1]),
};

it('finds a key by its id, with all that decides about it', async () => {
  await keys.add(key);
  const { id, projectId, scopes, hash } = key;
  const known = { id, projectId, scopes, hash, expiresAt: null, revokedAt: null };
  expect(await keys.find('abc')).toEqual({ ...known, eventsFrom: null });
  await db.database.query(`UPDATE projects SET events_from = '2026-10-01'`);
  expect(await keys.find('abc')).toEqual({ ...known, eventsFrom: '2026-10-01' });
});

it('finds nothing under an id that nobody has', async () => {
  expect(await keys.find('abc')).toBeUndefined();
});

it('keeps the key that is there when one is added under its id', async () => {
  await keys.add(key);
  await keys.add({ ...key, hash: Buffer.from([2]), scopes: ['admin'] });
  expect(await keys.find('abc')).toMatchObject({ hash: key.hash, scopes: key.scopes });
});

it('knows whether there is any', async () => {
  expect(await keys.any()).toBe(false);
  await keys.add(key);
  expect(await keys.any()).toBe(true);
});

it('refuses a key without scopes, and one of no project', async () => {
  await expect(keys.add({ ...key, scopes: [] })).rejects.toMatchObject({ code: 'STORE_REFUSED', sqlState: '23514' });
  await expect(keys.add({ ...key, projectId: 5 })).rejects.toMatchObject({ code: 'STORE_REFUSED', sqlState: '23503' });
});
