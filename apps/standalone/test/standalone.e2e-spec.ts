import { describeWithKafka, emptyDatabase, eventually, freshTopicNames, Scrape } from '@app/testing';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StandaloneProcess } from './standalone-process';

const ROOT = join(__dirname, '../../..');
const NOBODY = 65534;

jest.setTimeout(90_000);

describe('npm start', () => {
  let folder: string;
  const running: StandaloneProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-standalone-'));
    chmodSync(folder, 0o777);
  });
  afterEach(async () => {
    for (const each of running.splice(0)) await each.kill();
    await eventually(() => {
      rmSync(folder, { recursive: true, force: true });
    });
  });

  function start(options: Partial<Parameters<typeof StandaloneProcess.spawn>[0]> = {}): StandaloneProcess {
    const started = StandaloneProcess.spawn({ folder, ...options });
    running.push(started);
    return started;
  }

  const inDataDir = (name: string): string => join(folder, '.millrace', name);
  const cliFile = (): unknown => JSON.parse(readFileSync(inDataDir('cli.json'), 'utf8'));

  async function post({ url, key }: { url: string; key: string }, name: string, occurred_at?: string): Promise<string> {
    const response = await fetch(`${url}/api/v1/events`, {
      method: 'POST',
      headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
      body: JSON.stringify({ name, occurred_at }),
    });
    expect(response.status).toBe(202);
    return ((await response.json()) as { event_id: string }).event_id;
  }

  function isStored({ url, key }: { url: string; key: string }, id: string): Promise<void> {
    return eventually(async () => {
      const response = await fetch(`${url}/api/v1/events/${id}`, { headers: { 'X-API-Key': key } });
      expect(response.status).toBe(200);
    });
  }

  it('prints an address and a key that work, and leaves them for the command line', async () => {
    const standalone = start();
    const ready = await standalone.ready();
    await isStored(ready, await post(ready, 'user.created'));
    const [, grpc] = await standalone.until(/gRPC +(\S+)/);
    expect(cliFile()).toEqual({ ...ready, grpc, pid: standalone.child.pid });
    expect(readFileSync(inDataDir('api-key'), 'utf8').trim()).toBe(ready.key);
    for (const name of ['cli.json', 'api-key']) expect(statSync(inDataDir(name)).mode & 0o777).toBe(0o600);
    await standalone.until(new RegExp(`Data +${inDataDir('')}`.replace(/\/$/, '')));
  });

  it('moves old events into files, and finds them there', async () => {
    const ready = await start({ environment: { MILLRACE_ARCHIVE_INTERVAL_MS: '200' } }).ready();
    const id = await post(ready, 'old', '2020-02-29T12:00:00Z');
    await eventually(() => {
      expect(readdirSync(inDataDir('cold')).filter((name) => name.endsWith('.parquet'))).toHaveLength(1);
    });
    await eventually(async () => {
      expect((await Scrape.of(ready.url)).value('events_archived_total')).toBe(1);
    });
    await isStored(ready, id);
  });

  it('shows the health and the metrics of all its parts as one', async () => {
    const ready = await start().ready();
    for (let n = 0; n < 30; n += 1) await post(ready, 'counted');
    await eventually(async () => {
      // Each series is there once, or reading them fails.
      const scrape = await Scrape.of(ready.url);
      const names = ['events_accepted_total', 'events_persisted_total', 'consumer_assigned_partitions'];
      expect(names.map((name) => scrape.value(name))).toEqual([30, 30, 12]);
      expect(scrape.sum('consumer_lag_messages')).toBe(0);
      expect(scrape.value('consumer_lag_messages{partition="11"}')).toBe(0);
      expect(scrape.value('unaccounted_events')).toBe(0);
    });
    const health = (await (await fetch(`${ready.url}/health`)).json()) as { status: string; details: object };
    expect(health.status).toBe('ok');
    const parts = ['postgresql', 'embedded_log', 'consumer', 'consumer_2', 'consumer_3', 'archiver', 'archive'];
    expect(Object.keys(health.details).sort()).toEqual(parts.sort());
  });

  it('ends cleanly on Ctrl-C, within seconds, and has data and key again after the next start', async () => {
    const first = start();
    const before = await first.ready();
    const id = await post(before, 'before');
    const asked = Date.now();
    expect((await first.stop()).code).toBe(0);
    expect(Date.now() - asked).toBeLessThan(10_000);
    expect(existsSync(inDataDir('cli.json'))).toBe(false);
    expect(existsSync(inDataDir('postgresql/cluster/postmaster.pid'))).toBe(false);
    const again = await start().ready();
    expect(again.key).toBe(before.key);
    await isStored(again, id);
  });

  it('has data and key again after kill -9', async () => {
    const first = start();
    const before = await first.ready();
    const id = await post(before, 'before');
    await first.kill();
    const again = await start().ready();
    expect(again.key).toBe(before.key);
    await isStored(again, id);
  });

  it('refuses a second start on the data folder and says where the first one is', async () => {
    const first = start();
    const { url } = await first.ready();
    const { code, said } = await start().ended();
    expect(code).toBe(1);
    expect(said).toBe(
      `Millrace already runs on the data folder ${join(folder, '.millrace')} at ${url} (process ${first.child.pid ?? 0}). ` +
        'Stop that one, or set MILLRACE_DATA_DIR to another folder.\n',
    );
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('names the port that is taken, ends, and leaves no server behind', async () => {
    const occupant = createServer();
    const port = await new Promise<number>((resolve) => {
      occupant.listen(0, () => {
        resolve((occupant.address() as { port: number }).port);
      });
    });
    const { code, said } = await start({ environment: { PORT: String(port), LOG_LEVEL: 'fatal' } }).ended();
    occupant.close();
    expect(code).toBe(1);
    expect(said).toBe(
      `Port ${port} is taken by another program. Set PORT to another one, or to 0 for any that is free.\n`,
    );
    expect(existsSync(inDataDir('postgresql/cluster/postmaster.pid'))).toBe(false);
  });

  it('goes on after PostgreSQL was killed', async () => {
    const standalone = start();
    const ready = await standalone.ready();
    const before = await post(ready, 'before');
    process.kill(
      Number(readFileSync(inDataDir('postgresql/cluster/postmaster.pid'), 'utf8').split('\n')[0]),
      'SIGKILL',
    );
    await standalone.until(/PostgreSQL is back/);
    const after = await eventually(() => post(ready, 'after'), 30_000);
    await isStored(ready, before);
    await isStored(ready, after);
  });

  it('uses a database of its operator, shows no password, and starts none of its own', async () => {
    const database = await emptyDatabase();
    try {
      const standalone = start({ environment: { DATABASE_URL: database.url } });
      const ready = await standalone.ready();
      const id = await post(ready, 'elsewhere');
      await isStored(ready, id);
      const rows = await database.database.query('SELECT name FROM events');
      expect(rows).toEqual([{ name: 'elsewhere' }]);
      expect(existsSync(inDataDir('postgresql'))).toBe(false);
      const { code, said } = await standalone.stop();
      expect(code).toBe(0);
      expect(said).not.toContain(new URL(database.url).password);
    } finally {
      await database.drop();
    }
  });

  describeWithKafka('with a Kafka', (brokers) => {
    it('uses it, and makes the topic', async () => {
      const names = freshTopicNames(brokers);
      const environment = { KAFKA_BROKERS: brokers.join(','), KAFKA_TOPIC: names.topic, KAFKA_GROUP: names.group };
      const standalone = start({ environment });
      const ready = await standalone.ready();
      await isStored(ready, await post(ready, 'through Kafka'));
      await standalone.until(new RegExp(`Kafka at ${brokers.join(', ')}`));
      expect((await standalone.stop()).code).toBe(0);
      await names.delete();
    });
  });

  it.each([
    [
      'database',
      { DATABASE_URL: 'postgresql://u:secret@127.0.0.1:1/d' },
      /^Millrace cannot start. The database cannot be used: .*\n$/,
    ],
    ['Kafka', { KAFKA_BROKERS: '127.0.0.1:1' }, /^Millrace cannot start. The log cannot be used: .*127.0.0.1:1.*\n$/],
  ])('says so when the %s of its operator cannot be reached', async (_, environment, sentence) => {
    const { code, said } = await start({ environment: { LOG_LEVEL: 'silent', ...environment } }).ended();
    expect(said).toMatch(sentence);
    expect(said).not.toContain('secret');
    expect(code).toBe(1);
  });

  it('as npm start: one Ctrl-C reaches it twice, and still it ends cleanly', async () => {
    const command = ['npm', '--silent', '--prefix', ROOT, 'start'];
    const standalone = start({ command, environment: { MILLRACE_DATA_DIR: inDataDir('') } });
    const ready = await standalone.ready();
    const { pid } = cliFile() as { pid: number };
    await isStored(ready, await post(ready, 'by npm'));
    // npm itself ends by the signal; what counts is the server below it.
    const { said } = await standalone.stop();
    expect(said).not.toMatch(/npm error|fatal/i);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(existsSync(inDataDir('cli.json'))).toBe(false);
    expect(existsSync(inDataDir('postgresql/cluster/postmaster.pid'))).toBe(false);
  });

  it('as npm start, killed with all its processes: the next one takes over', async () => {
    const command = ['npm', '--silent', '--prefix', ROOT, 'start'];
    const environment = { MILLRACE_DATA_DIR: inDataDir('') };
    const first = start({ command, environment });
    const before = await first.ready();
    const id = await post(before, 'before');
    await first.kill();
    const again = await start({ command, environment }).ready();
    await isStored(again, id);
  });

  // Root can become anybody; where the tests run as a normal user, all of them show it.
  const canBeNobody = process.getuid?.() === 0 && (statSync(ROOT).mode & 0o005) === 0o005;
  (canBeNobody ? it : it.skip)('runs for a normal user just the same', async () => {
    const first = start({ uid: NOBODY });
    const before = await first.ready();
    const id = await post(before, 'before');
    expect(statSync(inDataDir('postgresql/cluster')).uid).toBe(NOBODY);
    expect((await first.stop()).code).toBe(0);
    const again = await start({ uid: NOBODY }).ready();
    expect(again.key).toBe(before.key);
    await isStored(again, id);
  });

  it('names every wrong setting before it starts anything', async () => {
    const { code, said } = await start({ environment: { PORT: 'http', LOG_LEVEL: 'loud' } }).ended();
    expect(code).toBe(1);
    expect(said).toContain('PORT must be a whole number');
    expect(said).toContain('LOG_LEVEL must be');
    expect(existsSync(inDataDir(''))).toBe(false);
  });
});
