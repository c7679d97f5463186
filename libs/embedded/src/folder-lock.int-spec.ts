import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  it('has one owner when many processes take it over from a dead one at once', async () => {
    const library = compileLibrary(folder);
    FolderLock.acquire(folder);
    const owner = JSON.parse(readFileSync(ownerFile(), 'utf8')) as object;
    writeFileSync(ownerFile(), JSON.stringify({ ...owner, identity: 'of a process that is gone' }));
    const program = `
      const { FolderLock } = require(${JSON.stringify(join(library, 'folder-lock.js'))});
      process.stdin.once('data', () => {
        try { FolderLock.acquire(${JSON.stringify(folder)}); console.log('owner'); }
        catch (error) { console.log(error.code); }
      }).once('end', () => process.exit());
      console.log('ready');`;
    const racers = Array.from({ length: 8 }, () => spawn(process.execPath, ['-e', program], { stdio: 'pipe' }));
    const said = await Promise.all(
      racers.map(async (racer) => {
        const chunks = racer.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
        await chunks.next();
        return { racer, chunks };
      }),
    ).then(async (ready) => {
      for (const { racer } of ready) racer.stdin.write('go\n');
      return Promise.all(ready.map(async ({ chunks }) => ((await chunks.next()).value as Buffer).toString().trim()));
    });
    for (const racer of racers) racer.stdin.end();
    expect(said.sort()).toEqual([...Array<string>(7).fill('FOLDER_IN_USE'), 'owner']);
  });
});
