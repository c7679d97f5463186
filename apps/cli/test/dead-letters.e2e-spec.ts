import { randomUUID } from 'node:crypto';
import { ApiKeys, hashApiKeySecret, mintApiKey } from '@app/persistence';
import { eventually } from '@app/testing';
import { CliProcess, type CliResult } from './cli-process';
import { LocalPipeline } from './local-pipeline';

jest.setTimeout(180_000);

let pipeline: LocalPipeline;
let admin: string;
let offset = 0;

beforeAll(async () => {
  pipeline = await LocalPipeline.start();
  const key = mintApiKey();
  admin = key.text;
  const hash = hashApiKeySecret(key.secret, '');
  await new ApiKeys(pipeline.db.database).add({ id: key.id, projectId: 1, name: 'admin', scopes: ['admin'], hash });
});
afterAll(() => pipeline.stop());
beforeEach(async () => {
  await pipeline.db.database.query('DELETE FROM dead_letters');
});

function millrace(...args: string[]): Promise<CliResult> {
  return new CliProcess(['dead-letters', ...args], { MILLRACE_URL: pipeline.url, MILLRACE_KEY: admin }).result;
}

/** What a command was asked for with `--json`, and its exit code. */
async function json(...args: string[]): Promise<[number | null, unknown]> {
  const { code, stdout } = await millrace(...args, '--json');
  return [code, JSON.parse(stdout)];
}

async function aLetter(stage: 'decode' | 'store', value: string): Promise<string> {
  const project = Buffer.from('1').toString('base64');
  const [row] = await pipeline.db.database.query<{ id: string }>(
    `INSERT INTO dead_letters (topic, partition, "offset", project_id, value, headers, stage, reason, detail)
     VALUES ('kafka:before/t', 0, $1, 1, $2, $3::jsonb, $4, $5, 'why it is one') RETURNING id::text`,
    [offset++, Buffer.from(value), JSON.stringify({ project: [project] }), stage, reasonOf(stage)],
  );
  return row!.id;
}

function reasonOf(stage: 'decode' | 'store'): string {
  return stage === 'store' ? 'STORE_REFUSED' : 'MALFORMED_EVENT';
}

function anEvent(): string {
  const now = new Date().toISOString();
  return JSON.stringify({ v: 1, event_id: randomUUID(), name: 'n', occurred_at: now, received_at: now, data: {} });
}

it('lists the open letters of a filter as a table and as JSON', async () => {
  const store = await aLetter('store', anEvent());
  const decode = await aLetter('decode', 'garbage');
  const list = await millrace('list');
  expect([list.code, list.stderr]).toEqual([0, '']);
  const lines = list.stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^ID +STATUS +SINCE +STAGE +REASON +ATTEMPTS +PLACE$/);
  expect(lines[1]).toMatch(new RegExp(`^${decode} +open +20.* decode +MALFORMED_EVENT +0 +t/0/\\d+$`));
  expect(lines[2]).toMatch(new RegExp(`^${store} +open +20.* store +STORE_REFUSED +0 +t/0/\\d+$`));

  expect(await json('list', '--stage', 'store')).toMatchObject([0, { data: [{ id: store }], next_cursor: null }]);
  expect(await json('list', '--status', 'discarded', '--limit', '1')).toMatchObject([0, { data: [] }]);
});

it('shows a letter with its bytes, none of which steers the terminal', async () => {
  const id = await aLetter('decode', 'red \u001b[31m');
  const { code, stdout } = await millrace('show', id);
  expect(code).toBe(0);
  expect(stdout).toContain(`id: ${id}\nstatus: open\n`);
  expect(stdout).toContain('detail: why it is one\n');
  expect(stdout).toContain('header project: 1\n');
  expect(stdout).toContain('key: -\nvalue: red \\u001b[31m\n');
  const base64 = Buffer.from('red \u001b[31m').toString('base64');
  expect(await json('show', id)).toMatchObject([0, { id, key: null, value: { base64 } }]);
});

it('replays the letters of a filter, stores their events, and only counts them with --dry-run', async () => {
  const id = await aLetter('store', anEvent());
  const garbage = await aLetter('decode', 'garbage');
  const stored = await pipeline.count();
  const dry = await millrace('replay', '--all', '--dry-run');
  expect([dry.code, dry.stdout]).toEqual([0, 'matched=2 replayed=0\n']);

  const replayed = await millrace('replay', '--stage', 'store', '--rate', '1000');
  expect([replayed.code, replayed.stdout]).toEqual([0, 'matched=1 replayed=1\n']);
  expect(await json('replay', garbage)).toEqual([0, { matched: 1, replayed: 1 }]);
  await pipeline.drained();
  expect(await pipeline.count()).toBe(stored + 1);
  expect(await json('show', id)).toMatchObject([0, { status: 'replayed', attempts: 0 }]);
  await eventually(async () => {
    expect(await json('show', garbage)).toMatchObject([0, { status: 'open', attempts: 1 }]);
  }, 30_000);
});

it('discards one letter and the letters of a filter, and ends with 1 when there is nothing left of one', async () => {
  const [id] = [await aLetter('store', anEvent()), await aLetter('decode', 'a'), await aLetter('decode', 'b')];
  expect(await json('discard', '--stage', 'decode', '--dry-run')).toEqual([0, { matched: 2, discarded: 0 }]);
  const many = await millrace('discard', '--stage', 'decode');
  expect([many.code, many.stdout]).toEqual([0, 'matched=2 discarded=2\n']);
  expect(await json('discard', id)).toEqual([0, { matched: 1, discarded: 1 }]);
  expect(await json('discard', id)).toEqual([1, { matched: 1, discarded: 0 }]);
  const replay = await millrace('replay', id);
  expect([replay.code, replay.stderr]).toEqual([1, expect.stringContaining('discarded')]);
  expect(await json('show', id)).toMatchObject([0, { status: 'discarded', value: null, headers: [] }]);
});

it.each<[number, string[]]>([
  [1, ['show', '999999999999999999']],
  [1, ['list', '--from', 'yesterday']],
  [1, ['replay']],
  [1, ['discard']],
  [2, ['replay', '1', '--all']],
  [2, ['discard', '1', '--dry-run']],
  [2, ['replay', '--all', '--rate', '0']],
  [2, ['list', '--url', 'http://127.0.0.1:1']],
])('ends with %d after %j and says why', async (code, args) => {
  const result = await millrace(...args);
  expect([result.code, result.stdout]).toEqual([code, '']);
  expect(result.stderr).not.toBe('');
});

it('ends with 2 when the key may not administer', async () => {
  const { code, stderr } = await millrace('list', '--key', pipeline.key);
  expect([code, stderr]).toEqual([2, expect.stringContaining('scope "admin"')]);
});
