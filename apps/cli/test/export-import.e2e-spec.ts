import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { withWideFractions } from '@app/events';
import { ApiKeys, hashApiKeySecret, mintApiKey, type Scope } from '@app/persistence';
import { CliProcess } from './cli-process';
import { LocalPipeline } from './local-pipeline';

jest.setTimeout(120_000);

const HARD = 'a "b", c;\n\r\n\'\t\\ \u2028 ünï 😀 {} [] , "" =1+1 \u007f';

const AWKWARD: readonly Readonly<Record<string, unknown>>[] = [
  { name: 'plain' },
  { name: '"', source: '""', user_id: '","' },
  { name: ',', source: '=1+1', user_id: "'" },
  { name: ' spaces around ', source: '  ', user_id: '-1' },
  { name: '😀'.repeat(200), source: 'Ünïcödé', user_id: '{"name":"n"}' },
  { name: 'n', data: { text: HARD, [HARD]: { nested: [HARD, null, true, { '': '' }] } } },
  { name: 'n', data: { t: ['a', '"', ',"x', '\\'], '__proto__ ': 1, constructor: 2, received_at: 'r', context: {} } },
  {
    name: 'n',
    data: { numbers: [5e-324, 1.7976931348623157e308, 1e21, 1e20, -1e16, -0.5, 9007199254740991, 0.1, 100] },
  },
  { name: 'n', data: { large: `${'"\n'.repeat(60_000)}end` } },
  ...[1e-9, -1e-9, 0.1, 1.5e-7, 12_345_678.123456789, 999_999_999_999_999_900, -999_999_999_999_999_900, 0, 100].map(
    (amount) => ({ name: 'paid', amount }),
  ),
  ...[
    '0001-01-01T00:00:00.000Z',
    '0099-12-31T23:59:59.999Z',
    '1969-12-31T23:59:59.999Z',
    '2026-02-28T23:59:59.001Z',
  ].map((occurred_at) => ({ name: 'dated', occurred_at })),
];

let folder: string;
let pipeline: LocalPipeline;
const keys = new Map<number, string>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-export-'));
  pipeline = await LocalPipeline.start();
  await pipeline.db.database.query(`INSERT INTO projects (id, name) VALUES (2, 'source'), (3, 'csv'), (4, 'ndjson')`);
  for (const projectId of [2, 3, 4]) keys.set(projectId, await addKey(projectId));
  const post = (body: unknown, type: string): Promise<Response> =>
    fetch(`${pipeline.url}/api/v1/events`, {
      method: 'POST',
      headers: { 'X-API-Key': keys.get(2)!, 'Content-Type': type },
      body: withWideFractions(JSON.stringify(body)),
    });
  const answer = await post(AWKWARD, 'application/json');
  expect(await answer.json()).toMatchObject({ errors: [], rejected: 0 });
  const cloudEvent = { specversion: '1.0', id: '1', source: 's', type: 'cloud', extension: 'kept in the context' };
  expect((await post(cloudEvent, 'application/cloudevents+json')).status).toBe(202);
  await pipeline.drained();
});
afterAll(async () => {
  await pipeline.stop();
  rmSync(folder, { recursive: true });
});

async function addKey(projectId: number): Promise<string> {
  const key = mintApiKey();
  const scopes: Scope[] = ['ingest', 'read'];
  const hash = hashApiKeySecret(key.secret, '');
  await new ApiKeys(pipeline.db.database).add({ id: key.id, projectId, name: 'test', scopes, hash });
  return key.text;
}

async function exported(projectId: number, form: 'csv' | 'ndjson'): Promise<string> {
  const answer = await fetch(`${pipeline.url}/api/v1/events.${form}`, {
    headers: { 'X-API-Key': keys.get(projectId)! },
  });
  expect(answer.status).toBe(200);
  return answer.text();
}

/** The events of a project, without what an acceptance sets anew. */
async function eventsOf(projectId: number): Promise<unknown[]> {
  const lines = (await exported(projectId, 'ndjson')).trimEnd().split('\n');
  return lines.map((line) => ({
    ...(JSON.parse(line) as object),
    received_at: undefined,
    stored_at: undefined,
    context: undefined,
  }));
}

it.each([
  ['csv', 3],
  ['ndjson', 4],
] as const)('an export as %s gives the same events when it is imported', async (form, into) => {
  const file = join(folder, `export.${form}`);
  writeFileSync(file, form === 'csv' ? await exported(2, form) : gzipSync(await exported(2, form)));
  const environment = { MILLRACE_URL: pipeline.url, MILLRACE_KEY: keys.get(into)! };
  const result = await new CliProcess(['import', file], environment).result;
  expect(result).toMatchObject({ code: 0, stderr: '' });
  await pipeline.drained();
  const original = await eventsOf(2);
  expect(original).toHaveLength(AWKWARD.length + 1);
  expect(await eventsOf(into)).toEqual(original);
  const again = await new CliProcess(['import', file, '--dry-run'], environment).result;
  expect(again).toMatchObject({ code: 0, stderr: '' });
});
