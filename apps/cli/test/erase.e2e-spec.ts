import { randomUUID } from 'node:crypto';
import { ApiKeys, hashApiKeySecret, mintApiKey } from '@app/persistence';
import { eventually, inTransaction } from '@app/testing';
import { CliProcess, type CliResult } from './cli-process';
import { LocalPipeline } from './local-pipeline';

jest.setTimeout(120_000);

/** Everything that a path would take for something else. */
const USER = 'a/b?c#d %41 ü 😀 "e"';

let pipeline: LocalPipeline;
let admin: string;

beforeAll(async () => {
  pipeline = await LocalPipeline.start();
  pipeline.startArchiver();
  const { id, secret, text } = mintApiKey();
  admin = text;
  const hash = hashApiKeySecret(secret, '');
  await new ApiKeys(pipeline.db.database).add({ id, projectId: 1, name: 'admin', scopes: ['admin'], hash });
});
afterAll(() => pipeline.stop());

function erase(...args: string[]): Promise<CliResult> {
  return new CliProcess(['erase', ...args], { MILLRACE_URL: pipeline.url, MILLRACE_KEY: admin }).result;
}

async function call(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const headers = { 'X-API-Key': admin, 'Content-Type': 'application/json' };
  const answer = await fetch(pipeline.url + path, { method, headers, body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}

async function post(event: object): Promise<{ status: number; body: unknown }> {
  return call('POST', '/api/v1/events?wait=stored', event);
}

describe('millrace erase', () => {
  it('removes what a user has sent, and tells what that was', async () => {
    const event_id = randomUUID();
    await post({ name: 'n', user_id: USER, event_id });
    await post({ name: 'n', user_id: 'somebody' });
    const { code, stdout } = await erase(USER, '--wait');
    expect(stdout).toMatch(/^erasure_id=[0-9a-f-]{36} status=done hot=1 cold=0 dead_letters=0 user_days=1\n$/);
    expect(code).toBe(0);

    expect(await call('GET', `/api/v1/events/${event_id}`)).toMatchObject({ status: 404 });
    expect((await call('GET', `/api/v1/events/${event_id}/trace`)).body).toMatchObject({
      status: 'erased',
      reason: null,
    });
    const again = { status: 202, body: { event_id, status: 'erased' } };
    expect(await post({ name: 'n', user_id: USER, event_id })).toEqual(again);
    expect(await post({ name: 'n', user_id: USER })).toMatchObject({ status: 201 });
    const { body } = await call('GET', `/api/v1/events?user_id=${encodeURIComponent(USER)}`);
    expect(body).toMatchObject({ data: [{ user_id: USER }] });
  });

  it.each(['.', '..'])('erases the user %s, of whom a path makes something else', async (user_id) => {
    await post({ name: 'n', user_id });
    const { code, stdout } = await erase(user_id, '--wait');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/ status=done hot=1 /) as string]);
  });

  it('goes on waiting while the API is away', async () => {
    let erasing: Promise<CliResult> | undefined;
    await inTransaction(pipeline.db.url, async (query) => {
      // It waits for whoever is storing.
      await query('LOCK TABLE consumer_positions IN ROW EXCLUSIVE MODE');
      erasing = erase('who waits', '--wait');
      await eventually(async () => {
        const asked = `SELECT FROM erasures WHERE user_id = 'who waits'`;
        expect(await pipeline.db.database.query(asked)).toHaveLength(1);
      }, 30_000);
      await pipeline.crashApi();
    });
    const { code, stderr } = await erasing!;
    expect(stderr).toContain(' waiting reason=');
    expect(code).toBe(0);
  });

  it('without --wait tells where to ask', async () => {
    const { code, stdout } = await erase('nobody', '--json');
    expect(code).toBe(0);
    const { erasure_id } = JSON.parse(stdout) as { erasure_id: string };
    const removed = { hot: 0, cold: 0, dead_letters: 0, user_days: 0 };
    const { status, body } = await call('GET', `/api/v1/erasures/${erasure_id}`);
    expect([status, body]).toEqual([200, { status: expect.any(String) as string, removed }]);
  });

  it('ends with 1 when the API refuses the id, and with 2 without an API', async () => {
    expect(await erase('x'.repeat(201))).toMatchObject({ code: 1, stderr: expect.stringMatching(/user_id/) as string });
    expect(await erase('u', '--url', 'http://127.0.0.1:1')).toMatchObject({ code: 2 });
  });
});

describe('the API', () => {
  it.each(['%ff', '%', '%C3', '%00', '%7f', '%0A'])('refuses the user id %s', async (id) => {
    expect([400, 422]).toContain((await call('DELETE', `/api/v1/users/${id}`)).status);
  });

  it.each(['', '?user_id=', '?user_id=%00', '?user_id=a&user_id=b', `?user_id=${'x'.repeat(201)}`])(
    'erases nobody for users%s',
    async (query) => {
      const { status, body } = await call('DELETE', `/api/v1/users${query}`);
      expect([status, body]).toEqual([
        422,
        expect.objectContaining({ errors: [expect.objectContaining({ field: 'user_id' })] }),
      ]);
    },
  );

  it('takes the steps of a path for no user', async () => {
    for (const path of ['users/.', 'users/..', 'users/%2e', 'users/%2e%2e']) {
      expect([404, 422]).toContain((await call('DELETE', `/api/v1/${path}`)).status);
    }
  });

  it('knows no erasure by what is no UUID', async () => {
    expect(await call('GET', '/api/v1/erasures/1')).toMatchObject({ status: 422 });
  });
});
