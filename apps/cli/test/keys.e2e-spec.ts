import { ApiKeys, hashApiKeySecret, mintApiKey } from '@app/persistence';
import { CliProcess, type CliResult } from './cli-process';
import { LocalPipeline } from './local-pipeline';

let pipeline: LocalPipeline;
let admin: string;

beforeAll(async () => {
  pipeline = await LocalPipeline.start();
  const key = mintApiKey();
  admin = key.text;
  const hash = hashApiKeySecret(key.secret, '');
  await new ApiKeys(pipeline.db.database).add({ id: key.id, projectId: 1, name: 'admin', scopes: ['admin'], hash });
});
afterAll(() => pipeline.stop());

function millrace(...args: string[]): Promise<CliResult> {
  return new CliProcess(args, { MILLRACE_URL: pipeline.url, MILLRACE_KEY: admin }).result;
}

async function statusWith(key: string): Promise<number> {
  return (await fetch(`${pipeline.url}/api/v1/events`, { headers: { 'X-API-Key': key } })).status;
}

it('makes, lists, rotates and revokes a key, whose text alone is on standard output', async () => {
  const project = await millrace('projects', 'create', '--name', 'shop', '--json');
  expect(project.code).toBe(0);
  expect(JSON.parse(project.stdout)).toMatchObject({ name: 'shop' });

  const made = await millrace('keys', 'create', '--name', 'till', '--scopes', 'ingest,read', '--project', 'shop');
  expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^mr_\w{12}_\w{43}_\w{7}\n$/)]);
  const key = made.stdout.trim();
  expect(await statusWith(key)).toBe(200);

  const id = key.split('_')[1] ?? '';
  const rotated = await millrace('keys', 'rotate', id, '--expires', '90d', '--json');
  const second = JSON.parse(rotated.stdout) as { id: string; key: string; expires_at: string };
  expect(Date.parse(second.expires_at)).toBeGreaterThan(Date.now() + 89 * 86_400_000);
  expect((await millrace('keys', 'revoke', id)).code).toBe(0);
  expect([await statusWith(key), await statusWith(second.key)]).toEqual([401, 200]);

  const list = await millrace('keys', 'list');
  expect(list.stdout).toMatch(/^ID +NAME +PROJECT +SCOPES +CREATED +LAST USED +STATE\n/);
  expect(list.stdout).toMatch(new RegExp(`^${id} +till +shop +ingest,read +.* revoked 20`, 'm'));
  expect(list.stdout).toMatch(new RegExp(`^${second.id} +till +shop +ingest,read +.* until 20`, 'm'));
}, 120_000);

it('makes a project with a time to keep its events, changes it, and lists what was dropped', async () => {
  const made = await millrace('projects', 'create', '--name', 'till', '--retention-days', '90', '--json');
  const { id } = JSON.parse(made.stdout) as { id: number };
  expect(JSON.parse(made.stdout)).toEqual({ id, name: 'till', retention_days: 90, events_from: null });
  const kept = await millrace('projects', 'retention', String(id), 'forever');
  expect([kept.code, kept.stderr]).toEqual([0, `Project ${id} "till" keeps its events for ever.\n`]);
  expect((await millrace('projects', 'retention', '1', '365')).stderr).toContain('keeps its events for 365 days');
  await pipeline.db.database.query(`UPDATE projects SET events_from = '2026-10-01' WHERE id = 1`);
  const { stdout } = await millrace('projects', 'list');
  expect(stdout).toMatch(/^ID +NAME +KEEPS +DROPPED BEFORE\n1 +default +365 days +2026-10-01$/m);
  expect(stdout).toMatch(new RegExp(`^${id} +till +for ever +-$`, 'm'));

  const short = await millrace('projects', 'retention', '1', '6');
  expect([short.code, short.stderr]).toEqual([1, expect.stringContaining('retention_days must be')]);
  expect((await millrace('projects', 'retention', '999', '30')).code).toBe(1);
  expect((await millrace('projects', 'retention', '1', 'long')).code).toBe(2);
}, 120_000);

it('ends with 1 when the API refuses, and with 2 when it cannot be asked', async () => {
  const refused = await millrace('keys', 'create', '--name', 'n', '--scopes', 'root');
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('scopes must be')]);
  expect((await millrace('keys', 'revoke', 'unknown')).code).toBe(1);
  const wrong = await millrace('keys', 'list', '--key', pipeline.key);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('scope "admin"')]);
  expect((await millrace('keys', 'list', '--url', 'http://127.0.0.1:1')).code).toBe(2);
  expect((await millrace('keys', 'create', '--name', 'n', '--scopes', 'read', '--expires', 'soon')).code).toBe(2);
}, 120_000);
