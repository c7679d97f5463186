import { join } from 'node:path';
import { AppProcess, eventually } from '@app/testing';
import { ApiProcess } from './api-process';
import { readDocument, requestExamples } from './open-api';
import { findSchemathesis, runSchemathesis } from './schemathesis';
import { startConsumer } from './start-consumer';

jest.setTimeout(600_000);

const CONFIG = join(__dirname, 'schemathesis.toml');

describe('schemathesis on the document', () => {
  const found = findSchemathesis();
  if ('reason' in found) {
    it(`NOT RUN: ${found.reason}`, () => {
      if (process.env['CI'] === 'true') throw new Error(`schemathesis is mandatory under CI=true. ${found.reason}`);
      process.stderr.write(`NOT RUN: schemathesis on the document: ${found.reason}\n`);
    });
    return;
  }

  let api: ApiProcess;
  let consumer: AppProcess;

  beforeAll(async () => {
    api = await ApiProcess.start();
    consumer = startConsumer(api.db.url);
  });
  afterAll(async () => {
    await consumer.stop();
    await api.stop();
  });

  it('finds no answer that the document does not describe, and none of 5xx', async () => {
    const key = await api.addKey(['admin']);
    const headers = { 'X-API-Key': key };
    // What the examples ask for is there, so that answers of 200 are looked at too.
    for (const { path, method, type, body } of requestExamples(await readDocument(api.url))) {
      if (path !== '/api/v1/events' || method !== 'POST') continue;
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const init = { method, headers: { ...headers, 'Content-Type': type }, body: text };
      expect((await fetch(api.url + path, init)).status).toBe(202);
    }
    await eventually(async () => {
      const answer = await fetch(`${api.url}/api/v1/events`, { headers });
      expect(((await answer.json()) as { data: unknown[] }).data.length).toBeGreaterThan(1);
    }, 60_000);
    const { code, said } = await runSchemathesis(found.program, [
      ...['--config-file', CONFIG, 'run', `${api.url}/openapi.json`],
      ...['--url', api.url, '--header', `X-API-Key: ${key}`],
      ...['--continue-on-failure', '--request-timeout', '60', '--no-color'],
    ]);
    if (code !== 0) throw new Error(said);
    expect(said).toMatch(/\d+ generated, \d+ passed/);
    expect(api.process.lines.filter((line) => line['level'] === 'error')).toEqual([]);
  });
});
