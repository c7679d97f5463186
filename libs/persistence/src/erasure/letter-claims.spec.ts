import { claimsOf, isLetterOf } from './letter-claims';

const USER = 'Zoë "U"@example.org';
/** As some libraries write it: every letter beyond ASCII by its number. */
const ASCII = '"Zo\\u00eb \\"U\\"\\u0040example.org"';

function json(value: unknown): string {
  return JSON.stringify(value);
}

function isTheirs(value: string, { projectId = 1, key = null as string | null, of = 1 } = {}): boolean {
  const record = { projectId, key: key === null ? null : Buffer.from(key), value: Buffer.from(value), detail: '' };
  return isLetterOf({ projectId: of, userId: USER }, record, claimsOf(record));
}

it.each([
  ['the beginning of a message that was too long', json({ truncated: `${json({ userId: USER }).slice(0, -1)},"x":"` })],
  ['such a beginning, by numbers', json({ truncated: `{"anonymousId" : ${ASCII}, "x` })],
  ['such a beginning, anywhere in it', json({ truncated: `{"a":[${json(USER)},"x` })],
  ['an array', json([1, { user_id: USER }])],
  ['a batch of more', json({ batch: [...Array<object>(100).fill({ userId: 'x' }), { userId: USER }] })],
  ['a batch of arrays', json({ batch: [[{ userId: USER }]] })],
  ['a batch that is none', json({ batch: { 0: { userId: USER } } })],
  ['JSON in a string', json(json({ user_id: USER }))],
  ['JSON in a string in an array', json([json({ user_id: USER })])],
  ['no JSON', `{"user_id":${json(USER)}, broken`],
  ['no JSON, by numbers', `{"user_id":${ASCII}, broken`],
])('is found in %s', (_, value) => {
  expect(isTheirs(value)).toBe(true);
});

it.each([
  ['a readable value mentions', json({ user_id: 'x', data: { friend: USER } })],
  ['are a part of another id', `{"user_id":${json(`${USER}x`)}, broken`],
])('whom the words of %s is not found', (_, value) => {
  expect(isTheirs(value)).toBe(false);
});

it('is found as a number, and not as a part of one', () => {
  const users = (text: string): string[] => [...claimsOf({ projectId: 1, key: null, value: Buffer.from(text) }).users];
  expect(users('{"userId": 17, "anonymousId":18.5, "user_id":1e5, broken')).toEqual(['17']);
});

describe('a record that does not tell its project', () => {
  it('is of the project of its key, whatever else it says', () => {
    const value = json({ user_id: USER });
    expect(isTheirs(value, { key: `2:${USER}` })).toBe(false);
    expect(isTheirs(value, { key: `2:${USER}`, of: 2 })).toBe(true);
    expect(isTheirs('{', { key: `2:${USER}`, of: 2 })).toBe(true);
    expect(isTheirs(`{${json(USER)}`, { key: '2:x' })).toBe(false);
  });

  it.each(['x:y', '02:y', '2147483648:y', '2y', 'y'])('is of the default project when its key is %s', (key) => {
    expect(isTheirs(json({ user_id: USER }), { key })).toBe(true);
  });
});

it('is of the project that it tells, though its key tells another', () => {
  const told = { projectId: 2, key: `3:${USER}` };
  expect(isTheirs('{}', { ...told, of: 3 })).toBe(false);
  expect(isTheirs('{}', { ...told, of: 2 })).toBe(false);
});

it('names a dozen users at most, of whatever a stranger has written', () => {
  const messages = Array.from({ length: 100_000 }, (_, n) => ({ userId: n, anonymousId: `a${n}` }));
  for (const value of [json(messages), json({ batch: messages }), `${json({ batch: messages })},`]) {
    expect(claimsOf({ projectId: 1, key: null, value: Buffer.from(value) }).users.size).toBeLessThanOrEqual(12);
  }
});

it.each([
  '{"userId":"',
  '{"userId":"\\"'.repeat(1000),
  '"userId"'.padEnd(2_000_000),
  '"userId":"'.padEnd(2_000_000, 'x'),
])('ends soon with a text that never ends', (text) => {
  const begun = performance.now();
  claimsOf({ projectId: 1, key: null, value: Buffer.from(text) });
  expect(performance.now() - begun).toBeLessThan(2000);
});
