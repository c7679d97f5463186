import { emptyDatabase, TcpProxy, type FreshDatabase } from '@app/testing';
import { CliProcess } from './cli-process';

jest.setTimeout(180_000);

describe('millrace migrate', () => {
  let database: FreshDatabase;
  let proxy: TcpProxy;

  beforeAll(async () => {
    database = await emptyDatabase();
    proxy = await TcpProxy.to(Number(new URL(database.url).port));
  });

  afterAll(async () => {
    await proxy.close();
    await database.drop();
  });

  function migrate(options: readonly string[], more: Readonly<Record<string, string>> = {}): CliProcess {
    const url = new URL(database.url);
    url.host = `127.0.0.1:${proxy.port}`;
    const environment = { PATH: process.env['PATH'] ?? '', DATABASE_URL: url.href, MILLRACE_LOG: 'postgres' };
    return new CliProcess(['migrate', ...options], { ...environment, ...more });
  }

  it('ends with 2 at once while the database is away', async () => {
    proxy.cut();
    const { code, stdout } = await migrate([]).result;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('waits for a database that comes late, when told to', async () => {
    proxy.cut();
    const process = migrate(['--wait', '120']);
    await process.printed(/^Not yet: /m);
    proxy.heal();
    const { code, stdout } = await process.result;
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /Migrations applied: .*\nThe topic is there \(postgres\)\.\nThe first API key, shown this once: mr_/,
    );
  });

  it('does not wait for what time does not cure', async () => {
    proxy.heal();
    const { code, stdout, stderr } = await migrate(['--wait', '3600'], {
      MILLRACE_BOOTSTRAP_KEY_FILE: `${__filename}/keys/first`,
    }).result;
    expect({ code, stdout }).toEqual({ code: 2, stdout: expect.not.stringContaining('Not yet') as string });
    expect(stderr).toContain('ENOTDIR');
  });

  it('refuses a time that is none', async () => {
    const { code, stderr } = await migrate(['--wait', 'soon']).result;
    expect(code).toBe(2);
    expect(stderr).toContain('It must be a number of seconds.');
  });
});
