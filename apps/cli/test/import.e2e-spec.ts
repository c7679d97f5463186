import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CliProcess, type CliResult } from './cli-process';
import { LocalPipeline, STORED_ROWS } from './local-pipeline';
import { expectedRow, realEvents, realEventsCsv } from './real-events';

jest.setTimeout(120_000);

const csv = realEventsCsv();
let folder: string;
let pipeline: LocalPipeline;

async function begin(): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'millrace-import-'));
  pipeline = await LocalPipeline.start();
}

async function end(): Promise<void> {
  await pipeline.stop();
  rmSync(folder, { recursive: true });
}

function write(name: string, content: string | Buffer): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function start(args: readonly string[], input = ''): CliProcess {
  return new CliProcess(['import', ...args], { MILLRACE_URL: pipeline.url, MILLRACE_KEY: pipeline.key }, input);
}

const run = (args: readonly string[], input = ''): Promise<CliResult> => start(args, input).result;

describe('millrace import', () => {
  const expected = realEvents(csv)
    .map(expectedRow)
    .sort((a, b) => ((a as { event_id: string }).event_id < (b as { event_id: string }).event_id ? -1 : 1));
  beforeEach(begin);
  afterEach(end);

  it('stores 21,160 real events equal to the file, and a second import adds none', async () => {
    const file = write('commits.csv.gz', gzipSync(csv));
    const first = await run([file]);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^import_start file=\S+ batch_size=1000 dry_run=false$/m);
    expect(first.stdout).toMatch(/^import_batch_done accepted=1000 read=1000 skipped=0 total_accepted=1000 total_/m);
    expect(first.stdout).toMatch(/^import_complete file=\S+ read=21160 accepted=21160 skipped=0 .*events_per_second=/m);
    await pipeline.drained();
    expect(await pipeline.db.database.query(STORED_ROWS)).toEqual(expected);

    expect((await run([file])).code).toBe(0);
    await pipeline.drained();
    expect([await pipeline.count(), await pipeline.duplicates()]).toEqual([21_160, 21_160]);
  });

  it('gives rows without an id the same ones each time, also from a pipe and from a file that has grown', async () => {
    const rows = 'event_type,user_id\r\nsignup,ann\r\nsignup,ann\r\n';
    expect((await run([write('rows.csv', rows.trimEnd())])).code).toBe(0);
    expect((await run(['-'], rows)).code).toBe(0);
    expect((await run([write('grown.csv.gz', gzipSync(`${rows}login,ann\r\n`))])).code).toBe(0);
    await pipeline.drained();
    expect([await pipeline.count(), await pipeline.duplicates()]).toEqual([3, 4]);
  });

  it('tells each refused row with its line and reason, and takes the rest', async () => {
    const file = write(
      'bad.csv',
      'name,amount,data\ngood,1.50,"{""a"":\n1}"\n,2,{}\ngood,many,{}\nbad,3,[]\nlate,4,"{""n"":1e999}"\nx,5"\ngood,,\n',
    );
    const { code, stderr, stdout } = await run([file]);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^line 4: name is missing$/),
      expect.stringMatching(/^line 5: amount must be a number/),
      expect.stringMatching(/^line 6: data must be a JSON object$/),
      expect.stringMatching(/^line 7: data\.n is beyond the range of a double$/),
      expect.stringMatching(/^line 8: a quote stands inside/),
    ]);
    expect(stdout).toContain('import_complete');
    expect(stdout).toContain('read=7 accepted=2 skipped=5');
    await pipeline.drained();
    const amounts = await pipeline.db.database.query('SELECT amount::text, data FROM events ORDER BY amount');
    expect(amounts).toEqual([
      { amount: '1.5', data: { a: 1 } },
      { amount: null, data: {} },
    ]);
  });

  it('keeps refused rows in the file of --errors, in the words of a dry run', async () => {
    const file = write('bad.csv', 'name,data\nok,\nbad,"{""a"": [1, 9007199254740993]}"\n');
    const errors = join(folder, 'errors.ndjson');
    expect(await run([file, '--errors', errors])).toMatchObject({ code: 1, stderr: '' });
    const entry = JSON.parse(readFileSync(errors, 'utf8')) as Record<string, unknown>;
    expect(entry).toMatchObject({
      line: 3,
      errors: [{ field: 'data.a[1]', code: 'number' }],
      row: 'bad,"{""a"": [1, 9007199254740993]}"',
    });
    expect(await run([file, '--dry-run'])).toMatchObject({ code: 1, stderr: `line 3: ${String(entry['reason'])}\n` });
    await pipeline.drained();
    expect(await pipeline.count()).toBe(1);
  });

  it('sends nothing in a dry run, and needs no API for it', async () => {
    const file = write('commits.csv', csv);
    const { code, stdout } = await new CliProcess(['import', file, '--dry-run'], {}).result;
    expect(code).toBe(0);
    expect(stdout).toContain('read=21160 accepted=21160 skipped=0');
    expect(await pipeline.count()).toBe(0);
  });

  it('stops at Ctrl-C, says how far it got, and the same import again completes the rest', async () => {
    const file = write('commits.csv', csv);
    const cli = start([file, '--batch-size', '20']);
    await cli.printed(/total_accepted=400 /);
    cli.signal('SIGINT');
    const { code, stdout, stderr } = await cli.result;
    expect(code).toBe(2);
    const accepted = Number(/^import_stopped .* accepted=(\d+) .*last_line=\d+ reason=interrupted$/m.exec(stdout)?.[1]);
    expect(accepted).toBeGreaterThanOrEqual(400);
    expect(stderr).toContain(`All rows up to line ${accepted + 1} are dealt with, ${accepted} accepted`);
    await pipeline.drained();
    expect(await pipeline.count()).toBe(accepted);

    expect((await run([file])).code).toBe(0);
    await pipeline.drained();
    expect(await pipeline.db.database.query(STORED_ROWS)).toEqual(expected);
  });

  it('rides out a kill -9 of the API: every row is stored, none twice', async () => {
    const cli = start([write('commits.csv', csv), '--batch-size', '100']);
    await cli.printed(/total_accepted=2000 /);
    await pipeline.crashApi();
    const { code, stderr } = await cli.result;
    expect(code).toBe(0);
    expect(stderr).toContain('import_waiting reason=');
    await pipeline.drained();
    expect(await pipeline.db.database.query(STORED_ROWS)).toEqual(expected);
  });

  it('finds the API that runs on this machine by what it left in the data folder', async () => {
    const local = { url: pipeline.url, grpc: '127.0.0.1:1', key: pipeline.key, pid: process.pid };
    write('cli.json', JSON.stringify(local));
    const cli = new CliProcess(['import', write('a.csv', 'name\nx\n')], { MILLRACE_DATA_DIR: folder });
    expect(await cli.result).toMatchObject({ code: 0 });
  });
});

/** Loaded into the process; tells at its end how much memory it has had at most. */
const TELL_PEAK = `process.on('exit', () => require('node:fs').writeFileSync(process.env.PEAK_FILE,
  String(process.resourceUsage().maxRSS)))`;

it('reads a file of any size in the same memory', async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-import-'));
  const script = write('tell-peak.cjs', TELL_PEAK);
  const header = gzipSync('name,user_id,data\n');
  const tenThousand = gzipSync(`signup,ann,"{""text"": ""${'x'.repeat(1000)}""}"\n`.repeat(10_000));
  const peakKilobytes = async (parts: number): Promise<number> => {
    const file = write('rows.csv.gz', Buffer.concat([header, ...Array<Buffer>(parts).fill(tenThousand)]));
    const peakFile = join(folder, 'peak');
    // Little room for garbage, so that what is resident is what is needed.
    const options = `--require ${script} --max-semi-space-size=2 --max-old-space-size=60`;
    const environment = { NODE_OPTIONS: options, PEAK_FILE: peakFile };
    const { code, stdout } = await new CliProcess(['import', file, '--dry-run'], environment).result;
    expect({ code, read: /import_complete .* read=(\d+) /.exec(stdout)?.[1] }).toEqual({
      code: 0,
      read: `${parts}0000`,
    });
    return Number(readFileSync(peakFile, 'utf8'));
  };
  // 10 and 105 MB.
  const small = await peakKilobytes(1);
  expect((await peakKilobytes(10)) - small).toBeLessThan(40_000);
  rmSync(folder, { recursive: true });
});

describe('millrace import that cannot run', () => {
  beforeAll(begin);
  afterAll(end);

  it.each([
    ['a key that is not known', ['a.csv', '--key', 'mr_no_no_no'], 'the API refuses the key: 401'],
    ['an unknown column', ['unknown.csv'], 'unknown column "colour"'],
    ['two names of one field', ['twice.csv'], 'name and event_type, which are two names of one field'],
    ['no such file', ['nowhere.csv'], 'cannot read'],
    ['a torn gzip file', ['torn.csv.gz'], 'to its end: unexpected end of file'],
    ['a batch size out of range', ['a.csv', '--batch-size', '1001'], 'must be 1 to 1000'],
    ['errors that would overwrite the file', ['a.csv', '--errors', 'a.csv'], 'would overwrite'],
    ['no file', [], "missing required argument 'file'"],
  ])('ends with 2 and says why: %s', async (_, args, reason) => {
    write('a.csv', 'name\nx\n');
    write('unknown.csv', 'name,colour\nx,red\n');
    write('twice.csv', 'name,event_type\nx,y\n');
    write('torn.csv.gz', gzipSync(csv).subarray(0, 200_000));
    const { code, stderr } = await run(args.map((arg) => (/\.(csv|gz)$/.test(arg) ? join(folder, arg) : arg)));
    expect(stderr).toContain(reason);
    expect(code).toBe(2);
    expect(readFileSync(join(folder, 'a.csv'), 'utf8')).toBe('name\nx\n');
  });

  it('ends with 2 when it does not know where to send', async () => {
    const file = write('a.csv', 'name\nx\n');
    const { code, stderr } = await new CliProcess(['import', file], { MILLRACE_DATA_DIR: folder }).result;
    expect(code).toBe(2);
    expect(stderr).toContain('no API to talk to: give --url (or MILLRACE_URL) and --key (or MILLRACE_KEY)');
  });
});
