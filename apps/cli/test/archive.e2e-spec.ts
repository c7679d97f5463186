import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ColdSegments, LongSession } from '@app/persistence';
import { anEvent, freshDatabase, storeEvents, type FreshDatabase } from '@app/testing';
import { CliProcess, type CliResult } from './cli-process';

jest.setTimeout(60_000);

let db: FreshDatabase;
let folder: string;
beforeEach(async () => {
  db = await freshDatabase();
  folder = mkdtempSync(join(tmpdir(), 'millrace-cold-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await db.drop();
});

function archive(url = db.url, cold = folder): Promise<CliResult> {
  return new CliProcess(['archive', '--once'], { DATABASE_URL: url, MILLRACE_COLD_DIR: cold }).result;
}

describe('millrace archive --once', () => {
  it('moves what is old, and says how much that was', async () => {
    await storeEvents(db.database, [
      ...Array.from({ length: 5 }, (_, n) => anEvent({ occurredAt: new Date(Date.UTC(2020, 1, 1, n)) })),
      anEvent(),
    ]);
    const { code, stdout } = await archive();
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^archive_start boundary=\S+T00:00:00.000Z folder=\S+$/);
    expect(lines.slice(1)).toEqual([
      'archive_segment_done rows=5 total_events=5',
      'archive_complete events=5 segments=1',
    ]);
    expect(code).toBe(0);
    expect(readdirSync(folder)).toHaveLength(1);
    expect(await db.database.query('SELECT FROM events')).toHaveLength(1);
  });

  it('leaves it to another archiver that is at work, and ends with 1', async () => {
    const session = await LongSession.open(db.config);
    await new ColdSegments(session).lock();
    expect(await archive()).toMatchObject({ code: 1, stdout: expect.stringContaining('archive_busy') as string });
    await session.close();
  });

  it('ends with 2 when it could not run', async () => {
    expect(await archive('postgresql://nobody@127.0.0.1:1/nothing')).toMatchObject({ code: 2 });
    await storeEvents(db.database, [anEvent({ occurredAt: new Date(0) })]);
    const { code, stderr } = await archive(db.url, '/dev/null/cold');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/could not be written\..*ENOTDIR/)]);
  });
});
