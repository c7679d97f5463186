import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventPartitions, migrateDown } from '@app/persistence';
import { anEvent, describeWithKafka, freshDatabase, freshTopic, storeEvents, type FreshDatabase } from '@app/testing';
import { CliProcess, type CliResult } from './cli-process';

jest.setTimeout(180_000);

describe('millrace doctor', () => {
  let database: FreshDatabase;

  beforeAll(async () => {
    database = await freshDatabase();
    await fill(database);
  });

  afterAll(async () => {
    await database.drop();
  });

  async function fill({ database: filled }: FreshDatabase): Promise<void> {
    const events = Array.from({ length: 30 }, (_, day) =>
      anEvent({ userId: `user-${day}`, occurredAt: new Date(day * 86_400_000) }),
    );
    await storeEvents(filled, events);
    await new EventPartitions(filled).ensure(new Date());
  }

  async function doctor(url = database.url, environment: Record<string, string> = {}): Promise<CliResult> {
    const PATH = globalThis.process.env['PATH'] ?? '';
    return new CliProcess(['doctor'], { PATH, DATABASE_URL: url, ...environment }).result;
  }

  function position(topic: string, nextOffset: number, stored: number): Promise<unknown> {
    return database.database.query(
      `INSERT INTO consumer_positions (group_name, topic, partition, counted_from, next_offset, stored)
       VALUES ('millrace-consumer', $1, 0, 0, $2, $3)`,
      [topic, nextOffset, stored],
    );
  }

  it('ends with 0 when all is well', async () => {
    const { code, stdout } = await doctor();
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toEqual([
      'schema: current',
      'log: not looked at, since KAFKA_BROKERS is missing',
      'positions: all of 30 consumed offsets have an outcome',
      'event partitions: there for 7 days ahead',
      'archive: 0 files with 0 events are what the manifest says',
      ...[
        ...['minute_totals', 'minute_metrics', 'day_metrics', 'month_metrics', 'day_names'],
        ...['users', 'user_days', 'day_users', 'retention_counts'],
      ].map((table) => `${table}: agrees with the events`),
    ]);
  });

  describeWithKafka('with a log', (brokers) => {
    it('tells its partitions and the lag, and a log that ends before what was stored from it', async () => {
      const fresh = await freshTopic(brokers, 2);
      const { topic } = fresh;
      const log = { KAFKA_BROKERS: brokers.join(','), KAFKA_TOPIC: topic };
      const lag = `log: ${topic} has 2 partitions; millrace-consumer lags 0 records, the oldest at least 0 s old\n`;
      const well = await doctor(database.url, log);
      expect(well.code).toBe(0);
      expect(well.stdout).toContain(lag);
      await position(topic, 5, 5);
      const anew = await doctor(database.url, log);
      expect(anew.code).toBe(1);
      expect(anew.stdout).toContain(
        `${lag}  partition 0 ends at 0, before the stored position 5: a topic made anew?\n`,
      );
      await fresh.delete();
      const gone = await doctor(database.url, log);
      expect(gone.code).toBe(1);
      expect(gone.stdout).toMatch(/^log: does not answer \(.*\)$/m);
    });
  });

  it('ends with 1 and names the partition whose offsets are not accounted for, and days without a partition', async () => {
    await position('other', 9, 7);
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
    await database.database.query(`DROP TABLE events_${tomorrow}`);
    const { code, stdout } = await doctor();
    expect(code).toBe(1);
    expect(stdout).toContain(
      'positions: partitions with unaccounted events: 1\n' +
        '  {"group":"millrace-consumer","topic":"other","partition":0} unaccounted 2\n' +
        'event partitions: none for tomorrow; a consumer makes them when it starts, and once an hour\n',
    );
  });

  it('ends with 1 and names what differs, at most twenty rows of a table', async () => {
    await database.database.query(`UPDATE day_metrics SET event_count = 7 WHERE day = '1970-01-02'`);
    await database.database.query('DELETE FROM users');
    const { code, stdout } = await doctor();
    expect(code).toBe(1);
    expect(stdout).toContain(
      'day_metrics: rows that differ: 1\n' +
        '  {"day":"1970-01-02","name":"page_view","project_id":1} ' +
        'expected {"event_count":1,"total_amount":0} found {"event_count":7,"total_amount":0}\n',
    );
    const [, users = ''] = stdout.split('\nusers: rows that differ: 30\n');
    expect(users.match(/^ {2}\{.*found null$/gm)).toHaveLength(20);
    expect(users).toContain('  and 10 more\n');
    expect(stdout).toContain('user_days: agrees with the events\n');
  });

  describe('with old events in files', () => {
    let folder: string;
    let archived: FreshDatabase;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'millrace-cold-'));
      archived = await freshDatabase();
      await fill(archived);
    });
    afterAll(async () => {
      await archived.drop();
      rmSync(folder, { recursive: true, force: true });
    });
    const cold = () => ({ MILLRACE_COLD_DIR: folder });

    it('counts them with the others, and tells what is not as the manifest says', async () => {
      const PATH = globalThis.process.env['PATH'] ?? '';
      const environment = { PATH, DATABASE_URL: archived.url, ...cold() };
      expect((await new CliProcess(['archive', '--once'], environment).result).code).toBe(0);
      const well = await doctor(archived.url, cold());
      expect(well.stdout).toContain(
        'archive: 1 files with 30 events are what the manifest says\nminute_totals: agrees',
      );
      expect([well.code, well.stdout.match(/: agrees with the events$/gm)?.length]).toEqual([0, 9]);

      const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.parquet'));
      const stray = file.replace('.parquet', '0.parquet');
      writeFileSync(join(folder, stray), '');
      const bytes = readFileSync(join(folder, file));
      bytes[100]! ^= 1;
      writeFileSync(join(folder, file), bytes);
      const changed = await doctor(archived.url, cold());
      expect(changed.code).toBe(1);
      expect(changed.stdout).toContain(
        `archive: files that are not what the manifest says: 1 of 1\n  ${file} has another SHA-256\n` +
          `archive: files that no manifest names, and nobody reads, erases or removes: 1\n  ${stray}\n`,
      );

      rmSync(join(folder, file));
      const lost = await doctor(archived.url, cold());
      expect(lost.code).toBe(1);
      expect(lost.stdout).toContain(`  ${file} is not there\n`);
      expect(lost.stdout).toContain('statistics: not recounted, since files of old events are missing');

      bytes[100]! ^= 1;
      writeFileSync(join(folder, file), bytes.subarray(0, -1));
      expect((await doctor(archived.url, cold())).stdout).toContain(
        ` has ${bytes.length - 1} bytes instead of ${bytes.length}`,
      );
      writeFileSync(join(folder, file), bytes);
      const whole = await doctor(archived.url, cold());
      expect([whole.code, whole.stdout.includes(stray)]).toEqual([0, true]);
    });
  });

  it('ends with 2 when it cannot look: no server, or an older schema', async () => {
    const away = await doctor('postgresql://nobody@127.0.0.1:1/nothing');
    expect(away).toMatchObject({ code: 2, stdout: '' });
    expect(away.stderr).toMatch(/^millrace: PostgreSQL cannot be reached \(ECONNREFUSED\)\.\n$/);
    await migrateDown(database.database, 1);
    const older = await doctor();
    expect(older).toMatchObject({ code: 2, stdout: '' });
    expect(older.stderr).toContain('millrace migrate');
  });
});
