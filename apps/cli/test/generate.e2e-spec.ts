import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliProcess } from './cli-process';
import { LocalPipeline } from './local-pipeline';

jest.setTimeout(180_000);

let folder: string;
let pipeline: LocalPipeline;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-generate-'));
  pipeline = await LocalPipeline.start();
});
afterEach(async () => {
  await pipeline.stop();
  rmSync(folder, { recursive: true });
});

function start(args: readonly string[]): CliProcess {
  return new CliProcess(args, { MILLRACE_URL: pipeline.url, MILLRACE_KEY: pipeline.key });
}

function summaryOf(stdout: string): Record<string, number> {
  const pairs = [...(/^generate_complete (.*)$/m.exec(stdout)?.[1] ?? '').matchAll(/(\w+)=(\S+)/g)];
  return Object.fromEntries(pairs.map(([, key = '', value]) => [key, Number(value)]));
}

describe('millrace generate', () => {
  it('writes the same file for the same seed, and import takes every row of it', async () => {
    const [first, second] = [join(folder, 'a.csv'), join(folder, 'b.csv')];
    const { code, stdout } = await start(['generate', first, '--rows', '5000', '--seed', '1']).result;
    expect([code, stdout]).toEqual([0, `Wrote 5000 rows to ${first}\n`]);
    await start(['generate', second, '--rows', '5000', '--seed', '1']).result;
    expect(readFileSync(second).equals(readFileSync(first))).toBe(true);

    expect(await start(['import', first]).result).toMatchObject({ code: 0, stderr: '' });
    await pipeline.drained();
    expect(await pipeline.count()).toBe(5000);
  });

  it('posts at a rate, tells each second, and stores what it says was accepted', async () => {
    const args = ['generate', '--post', '--rate', '200', '--duration', '3', '--batch-size', '5', '--seed', '1'];
    const { code, stdout } = await start(args).result;
    expect(stdout).toMatch(/^generate_start rate=200 batch_size=5 seed=1$/m);
    expect(stdout).toMatch(/^generate_second second=1 sent=\d+ accepted=\d+ behind=\d+ retries=0 total_accepted=\d+/m);
    const summary = summaryOf(stdout);
    expect(summary).toMatchObject({ refused: 0, unconfirmed: 0 });
    expect((summary['accepted'] ?? 0) + (summary['not_sent'] ?? 0)).toBe(600);
    expect(summary['p99_ms']).toBeGreaterThanOrEqual(summary['p50_ms'] ?? Infinity);
    expect(code).toBe(0);
    await pipeline.drained();
    expect(await pipeline.count()).toBe(summary['accepted']);
  });

  it('rides out a kill -9 of the API with the same ids', async () => {
    const cli = start(['generate', '--post', '--rate', '100', '--batch-size', '10', '--duration', '6']);
    await cli.printed(/total_accepted=[1-9]\d* /);
    await pipeline.crashApi();
    const { code, stdout, stderr } = await cli.result;
    expect(stderr).toContain('generate_waiting retries=');
    const summary = summaryOf(stdout);
    expect([code, summary['refused'], summary['unconfirmed']]).toEqual([0, 0, 0]);
    expect((summary['accepted'] ?? 0) + (summary['not_sent'] ?? 0)).toBe(600);
    await pipeline.drained();
    expect(await pipeline.count()).toBe(summary['accepted']);
  });

  it('without a duration posts until Ctrl-C, and ends with its summary', async () => {
    const cli = start(['generate', '--post', '--rate', '50']);
    await cli.printed(/total_accepted=[1-9]\d* /);
    cli.signal('SIGINT');
    const { code, stdout } = await cli.result;
    const summary = summaryOf(stdout);
    expect([code, summary['refused'], summary['unconfirmed']]).toEqual([0, 0, 0]);
    await pipeline.drained();
    expect(await pipeline.count()).toBe(summary['accepted']);
  });

  it.each([
    ['nothing to do', [], 'give a file and --rows, or --post'],
    ['no rate', ['--post'], '--post and --grpc need --rate'],
    ['a file to post', ['a.csv', '--post', '--rate', '1'], 'not both'],
    ['a rate of 0', ['--post', '--rate', '0'], 'must be a whole number from 1'],
    ['a key that is not known', ['--post', '--rate', '1', '--key', 'mr_no_no_no'], 'the API refuses the key: 401'],
    ['a folder that is not there', [join('nowhere', 'a.csv'), '--rows', '1'], 'cannot write'],
  ])('ends with 2 and says why: %s', async (_, args, reason) => {
    const { code, stderr } = await start(['generate', ...args]).result;
    expect(stderr).toContain(reason);
    expect(code).toBe(2);
  });
});
