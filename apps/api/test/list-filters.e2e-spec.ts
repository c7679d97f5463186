import request, { type Response } from 'supertest';
import { runningApi, type TestApi } from './running-api';
import { storeBodies } from './store-bodies';

interface Page {
  readonly data: readonly { readonly name: string; readonly occurred_at: string; readonly event_id: string }[];
  readonly next_cursor: string | null;
}

let test: TestApi;

beforeAll(async () => {
  test = await runningApi();
  await test.db.database.query(`INSERT INTO projects (id, name) VALUES (2, 'second')`);
});
afterAll(() => test.stop());

async function get(parameters: Record<string, string> | string): Promise<Response> {
  const query = typeof parameters === 'string' ? parameters : new URLSearchParams(parameters).toString();
  return request(test.api.url).get(`/api/v1/events?${query}`).set('X-API-Key', test.key);
}

async function pageOf(parameters: Record<string, string>): Promise<Page> {
  const answer = await get(parameters);
  expect([answer.status, answer.body]).toEqual([200, answer.body]);
  return answer.body as Page;
}

const namesOf = ({ data }: Page): string[] => data.map(({ name }) => name);

describe('filters of GET /api/v1/events', () => {
  beforeAll(async () => {
    const at = (time: string): { occurred_at: string } => ({ occurred_at: `2025-03-${time}Z` });
    await storeBodies(test.db.database, [
      { name: 'a', source: 'shop', user_id: 'u1', ...at('01T00:00:00.000') },
      { name: 'b', source: 'shop', user_id: 'u2', ...at('01T12:00:00.000') },
      { name: 'c', user_id: 'u1', ...at('01T23:59:59.999') },
      { name: 'd', source: 'web', ...at('02T00:00:00.000') },
      { name: 'Größe & Form?', source: '50 %', user_id: 'ünï 😀/+"', ...at('03T00:00:00.000') },
    ]);
    await storeBodies(test.db.database, [{ name: 'a', source: 'shop', user_id: 'u1', ...at('01T00:00:00.000') }], 2);
  });

  it.each<[Record<string, string>, string[]]>([
    [{ name: 'a' }, ['a']],
    [{ source: 'shop' }, ['b', 'a']],
    [{ user_id: 'u1' }, ['c', 'a']],
    [{ user_id: 'u1', source: 'shop' }, ['a']],
    [{ user_id: 'u1', source: 'web' }, []],
    [{ name: 'Größe & Form?', source: '50 %', user_id: 'ünï 😀/+"' }, ['Größe & Form?']],
    [{ from: '2025-03-01', to: '2025-03-02' }, ['c', 'b', 'a']],
    [{ from: '2025-03-01T12:00:00Z', to: '2025-03-01T23:59:59.999Z' }, ['b']],
    [{ from: '2025-03-01T13:00:00+01:00', to: '2025-03-02T00:59:59.999+01:00' }, ['b']],
    [{ from: '2025-03-02T00:00:00.000Z', to: '2025-03-03' }, ['d']],
    [{ from: '2025-03-02', to: '2025-03-02' }, []],
    [{ to: '0001-01-01' }, []],
    [{ from: '2025-03-01', to: '9999-12-31T23:59:59.999Z', name: 'd' }, ['d']],
    [{ user_id: 'u1', from: '2025-03-01T00:00:00.001Z', to: '2025-03-02' }, ['c']],
  ])('%j gives %j, of the own project', async (filter, names) => {
    expect(namesOf(await pageOf(filter))).toEqual(names);
  });

  it('leads from page to page with the same filters', async () => {
    const filter = { user_id: 'u1', from: '2025-03-01', to: '2025-03-02', limit: '1' };
    const first = await pageOf(filter);
    expect(namesOf(first)).toEqual(['c']);
    const second = await pageOf({ ...filter, limit: '7', cursor: first.next_cursor! });
    expect(namesOf(second)).toEqual(['a']);
    expect(second.next_cursor).toBeNull();
    const sameTimes = { user_id: 'u1', from: '2025-03-01T01:00:00+01:00', to: '2025-03-02T00:00:00Z' };
    expect(namesOf(await pageOf({ ...sameTimes, cursor: first.next_cursor! }))).toEqual(['a']);
  });

  it.each([
    'user_id=u2',
    'user_id=u1&name=a',
    'name=u1',
    'source=u1',
    '',
    'user_id=u1&from=2025-03-01',
    'user_id=u1&to=2025-03-01',
  ])('refuses a cursor of other filters with %j', async (other) => {
    const { next_cursor } = await pageOf({ user_id: 'u1', limit: '1' });
    const answer = await get(`${other}&cursor=${next_cursor}`);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ field: 'cursor', code: 'conflict' }] });
  });

  it('refuses a cursor of the whole list with a filter, and the other way round', async () => {
    const { next_cursor } = await pageOf({ limit: '1' });
    expect((await get(`name=a&cursor=${next_cursor}`)).status).toBe(422);
    expect((await get(`cursor=${next_cursor}`)).status).toBe(200);
  });

  const long = 'x'.repeat(201);
  it.each([
    ['name=', 'name', 'length'],
    [`name=${long}`, 'name', 'length'],
    ['name=a%00b', 'name', 'control_character'],
    ['source=%0a', 'source', 'control_character'],
    ['source=', 'source', 'length'],
    ['user_id=%7f', 'user_id', 'control_character'],
    ['user_id=%c2%85', 'user_id', 'control_character'],
    [`user_id=${long}`, 'user_id', 'length'],
    ['from=yesterday', 'from', 'format'],
    ['from=', 'from', 'format'],
    ['from=2025-03-01T00:00:00', 'from', 'format'],
    ['from=2025-02-29', 'from', 'format'],
    ['from=2025-03', 'from', 'format'],
    ['from=0000-12-31', 'from', 'format'],
    ['from=1740787200000', 'from', 'format'],
    ['to=2025-03-01%2000:00:00Z', 'to', 'format'],
    ['to=9999-12-31T23:59:59-01:00', 'to', 'format'],
    ['to=10000-01-01', 'to', 'format'],
    ['from=2025-03-02&to=2025-03-01', 'from', 'range'],
    ['from=2025-03-02T00:00:00.001Z&to=2025-03-02', 'from', 'range'],
    ['name=a&name=b', 'name', 'range'],
    ['from=2025-03-01&from=2025-03-01', 'from', 'range'],
    ['limit=1&limit=2', 'limit', 'range'],
    ['cursor=a&cursor=b', 'cursor', 'range'],
    ['name[]=a', 'name[]', 'unknown_field'],
    ['userId=u1', 'userId', 'unknown_field'],
    ['event_type=a', 'event_type', 'unknown_field'],
    ['spreadsheet=true', 'spreadsheet', 'unknown_field'],
    ['__proto__=a', '__proto__', 'unknown_field'],
  ])('refuses %s and names the parameter', async (query, field, code) => {
    const answer = await get(query);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ field, code }] });
    expect((answer.body as { errors: unknown[] }).errors).toHaveLength(1);
  });

  it('takes 200 characters, astral ones counted once', async () => {
    expect((await get({ name: '😀'.repeat(200) })).status).toBe(200);
    expect((await get({ name: '😀'.repeat(201) })).status).toBe(422);
  });

  it('names every parameter that is wrong', async () => {
    const answer = await get('name=&from=x&to=y');
    expect(answer.body).toMatchObject({ errors: [{ field: 'name' }, { field: 'from' }, { field: 'to' }] });
  });
});
