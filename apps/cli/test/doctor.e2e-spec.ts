import { migrateDown } from '@app/persistence';
import { anEvent, freshDatabase, storeEvents, type FreshDatabase } from '@app/testing';
import { CliProcess, type CliResult } from './cli-process';

jest.setTimeout(180_000);

describe('millrace doctor', () => {
  let database: FreshDatabase;

  beforeAll(async () => {
    database = await freshDatabase();
    const events = Array.from({ length: 30 }, (_, day) =>
      anEvent({ userId: `user-${day}`, occurredAt: new Date(day * 86_400_000) }),
    );
    await storeEvents(database.database, events);
  });

  afterAll(async () => {
    await database.drop();
  });

  async function doctor(url = database.url): Promise<CliResult> {
    const process = new CliProcess(['doctor'], { PATH: globalThis.process.env['PATH'] ?? '', DATABASE_URL: url });
    return process.result;
  }

  it('ends with 0 when every rollup agrees with the events', async () => {
    const { code, stdout } = await doctor();
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toEqual(
      [
        ...['minute_totals', 'minute_metrics', 'day_metrics', 'month_metrics', 'day_names'],
        ...['users', 'user_days', 'day_users', 'retention_counts'],
      ].map((table) => `${table}: agrees with the events`),
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
