import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { compileLibrary } from '../test/server-owner';
import { FolderInUseError } from './embedded.error';
import { FolderLock } from './folder-lock';

describe('FolderLock', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-lock-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const ownerFile = (): string =>
    join(
      folder,
      readdirSync(folder).find((name) => name.endsWith('.lock'))!,
    );

  it('refuses a second owner and names the first', () => {
    FolderLock.acquire(folder);
    expect(() => FolderLock.acquire(folder)).toThrow(new FolderInUseError(folder, process.pid));
  });

  it('is free after release, however often that is called', () => {
    const first = FolderLock.acquire(folder);
    first.release();
    const second = FolderLock.acquire(folder);
    first.release();
    expect(() => FolderLock.acquire(folder)).toThrow(FolderInUseError);
    second.release();
    FolderLock.acquire(folder).release();
  });

  it('takes over from a process that is gone, though its pid was given to another one', () => {
    FolderLock.acquire(folder);
    const owner = JSON.parse(readFileSync(ownerFile(), 'utf8')) as object;
    writeFileSync(ownerFile(), JSON.stringify({ ...owner, identity: 'of an earlier process with our pid' }));
    expect(() => FolderLock.acquire(folder)).not.toThrow();
  });

  it.each(['', 'not JSON', '{}'])('takes over from an owner file that says %j', (text) => {
    FolderLock.acquire(folder);
    writeFileSync(ownerFile(), text);
    expect(() => FolderLock.acquire(folder)).not.toThrow();
  });

  it('does not lock a copy of the folder', () => {
    const original = join(folder, 'original');
    cpSync(mkdtempSync(join(folder, 'empty-')), original, { recursive: true });
    FolderLock.acquire(original);
    cpSync(original, join(folder, 'copy'), { recursive: true });
    expect(() => FolderLock.acquire(join(folder, 'copy'))).not.toThrow();
  });

  it('has one owner when several processes take it over from a dead one at once', async () => {
    const library = compileLibrary(folder);
    const rounds = Array.from({ length: 40 }, (_, round) => join(folder, `round-${round}`));
    for (const each of rounds) {
      mkdirSync(each);
      const dead = { pid: process.pid, identity: 'of a process that is gone', folder: each };
      writeFileSync(join(each, 'owner.7.lock'), JSON.stringify(dead));
    }
    const racers = Array.from({ length: 3 }, () =>
      spawn(process.execPath, [join(library, 'lock-racer.cjs'), library, String(Date.now() + 1500), ...rounds], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
    const won = await Promise.all(racers.map((racer) => firstLine(racer.stdout)));
    for (const racer of racers) racer.stdin.end();
    const winners = won.flatMap((line) => JSON.parse(line) as string[]);
    expect(winners.sort()).toEqual([...rounds].sort());
  });
});

async function firstLine(stream: Readable): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line;
  throw new Error('the process ended without a word');
}
