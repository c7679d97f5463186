import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anEvent, describeWith, freshDatabase, storeEvents, type FreshDatabase } from '@app/testing';

const PROGRAM = join(__dirname, '../test/archive-program.cjs');
const hasStrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;

/** What the program said to the system about files, in its order. */
function callsOf(trace: string): string[] {
  const calls: string[] = [];
  for (const line of readFileSync(trace, 'utf8').split('\n')) {
    const sync = /f(?:data)?sync\(\d+<([^>]+)>/.exec(line);
    if (sync !== null) calls.push(`sync ${sync[1]!}`);
    const changed = /(rename|unlink)\w*\((?:\w+, )?"([^"]+)"/.exec(line);
    if (changed !== null) calls.push(`${changed[1]!} ${changed[2]!}`);
    if (/writev?\(.*DELETE FROM cold_segments .*'superseded'/.test(line)) calls.push('strike');
  }
  return calls;
}

describeWith('strace', hasStrace ? undefined : 'there is no strace on PATH.', 'A segment', () => {
  let db: FreshDatabase;
  let parent: string;
  let folder: string;
  beforeEach(async () => {
    db = await freshDatabase();
    parent = mkdtempSync(join(tmpdir(), 'millrace-cold-'));
    folder = join(parent, 'cold');
    await storeEvents(db.database, [anEvent({ occurredAt: new Date('2026-01-01T00:00:00Z') })]);
  });
  afterEach(async () => {
    rmSync(parent, { recursive: true, force: true });
    await db.drop();
  });

  /** One run. @returns what it said to the system. */
  function archive(): string[] {
    const trace = join(parent, 'trace');
    const calls = 'trace=fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,write,writev';
    const program = [process.execPath, PROGRAM, db.url, folder, '2026-01-02T00:00:00Z', '1000', 'none', '1'];
    spawnSync('strace', ['-f', '-y', '-s', '200', '-e', calls, '-o', trace, ...program], { stdio: 'ignore' });
    return callsOf(trace);
  }

  async function named(): Promise<string> {
    const [{ file } = { file: '' }] = await db.database.query<{ file: string }>('SELECT file FROM cold_segments');
    return file;
  }

  it('has a file on disk before it is named, and its name before it is published', async () => {
    const calls = archive();
    const file = await named();
    const draft = join(folder, `${file}.tmp`);
    const spool = draft.replace('.parquet', '.csv');
    const made = [`sync ${parent}`, `sync ${draft}`, `rename ${draft}`, `sync ${folder}`];
    expect(calls).toEqual([...made, `unlink ${spool}`, `sync ${folder}`]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  }, 60_000);

  it('that was replaced is off the disk before its row is', async () => {
    archive();
    const file = await named();
    await db.database.query(`UPDATE cold_segments SET state = 'superseded', superseded_at = now() - interval '1 day'`);
    expect(archive().slice(0, 3)).toEqual([`unlink ${join(folder, file)}`, `sync ${folder}`, 'strike']);
    expect(await db.database.query('SELECT FROM cold_segments')).toEqual([]);
  }, 60_000);
});
