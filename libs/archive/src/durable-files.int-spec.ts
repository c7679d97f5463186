import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anEvent, describeWith, freshDatabase, storeEvents } from '@app/testing';

const PROGRAM = join(__dirname, '../test/archive-program.cjs');
const hasStrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;

/** What the program said to the system about files, in its order. */
function callsOf(trace: string): string[] {
  const calls: string[] = [];
  const opened = new Map<string, string>();
  for (const line of readFileSync(trace, 'utf8').split('\n')) {
    const open = /openat\(\w+, "([^"]+)".* = (\d+)$/.exec(line);
    if (open !== null) opened.set(open[2]!, open[1]!);
    const sync = /f(?:data)?sync\((\d+)\)/.exec(line);
    if (sync !== null) calls.push(`sync ${opened.get(sync[1]!) ?? '?'}`);
    const rename = /rename\w*\((?:\w+, )?"([^"]+)"/.exec(line);
    if (rename !== null) calls.push(`rename ${rename[1]!}`);
  }
  return calls;
}

describeWith('strace', hasStrace ? undefined : 'there is no strace on PATH.', 'A segment', () => {
  it('has a file on disk before it is named, and its name before it is published', async () => {
    const db = await freshDatabase();
    const parent = mkdtempSync(join(tmpdir(), 'millrace-cold-'));
    const folder = join(parent, 'cold');
    await storeEvents(db.database, [anEvent({ occurredAt: new Date('2026-01-01T00:00:00Z') })]);
    const trace = join(parent, 'trace');
    const calls = 'trace=openat,fsync,fdatasync,rename,renameat,renameat2';
    const program = [process.execPath, PROGRAM, db.url, folder, '2026-01-02T00:00:00Z', '1000', 'none', '1'];
    spawnSync('strace', ['-f', '-e', calls, '-o', trace, ...program], { stdio: 'ignore' });

    const [{ file } = { file: '' }] = await db.database.query<{ file: string }>('SELECT file FROM cold_segments');
    const draft = join(folder, `${file}.tmp`);
    expect(callsOf(trace)).toEqual([`sync ${parent}`, `sync ${draft}`, `rename ${draft}`, `sync ${folder}`]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    rmSync(parent, { recursive: true, force: true });
    await db.drop();
  }, 60_000);
});
