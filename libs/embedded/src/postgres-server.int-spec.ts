import { runSql } from '@app/testing';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { compileLibrary, ServerOwner } from '../test/server-owner';
import { FolderInUseError, ServerUnavailableError } from './embedded.error';
import { PostgresServer, type PostgresServerOptions } from './postgres-server';
import { processIdentity } from './process-identity';

/** Flushing to the disk is for machines that lose power. */
const settings = { fsync: 'off' };

describe('PostgresServer', () => {
  let folder: string;
  let dataDir: string;
  let library: string;
  let log: string[];
  const running: { stop: () => Promise<void> }[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-embedded-'));
    spawnSync('chmod', ['755', folder]);
    library = compileLibrary(folder);
  });
  beforeEach(() => {
    dataDir = join(mkdtempSync(join(folder, 'test-')), 'data');
    spawnSync('chmod', ['755', join(dataDir, '..')]);
    log = [];
  });
  afterEach(async () => {
    for (const each of running.splice(0)) await each.stop();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(options: Partial<PostgresServerOptions> = {}): Promise<PostgresServer> {
    const onLog = (_: string, message: string): number => log.push(message);
    const server = await PostgresServer.start({ dataDir, settings, onLog, ...options });
    running.push(server);
    return server;
  }

  function spawnOwner(port = 0): ServerOwner {
    const owner = ServerOwner.spawn({ library, dataDir, port });
    running.push(owner);
    return owner;
  }

  async function write(url: string, values: string): Promise<void> {
    await runSql(url, 'CREATE TABLE IF NOT EXISTS kept (value text)');
    await runSql(url, 'INSERT INTO kept VALUES ($1)', [values]);
  }
  const read = (url: string): Promise<unknown[]> => runSql(url, 'SELECT value FROM kept ORDER BY value');

  async function until(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + 15_000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`not within 15 seconds: ${condition.toString()}`);
      await delay(20);
    }
  }

  it('keeps data, port and password over a restart', async () => {
    const first = await start();
    await write(first.url, 'before');
    await first.stop();
    const second = await start();
    expect(second.url).toBe(first.url);
    expect(await read(second.url)).toEqual([{ value: 'before' }]);
  });

  it('stops once, however often it is told to, and leaves no process', async () => {
    const server = await start();
    const { pid } = server;
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    expect(processIdentity(pid!)).toBeUndefined();
  });

  it('is UTF-8, sorts by code point, and flushes commits unless told otherwise', async () => {
    const server = await start({ settings: {} });
    const [row] = await runSql(
      server.url,
      `SELECT current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync, upper('ä') AS upper,
              'Z' < 'a' AS by_code_point, current_setting('synchronous_commit') AS synchronous_commit`,
    );
    expect(row).toEqual({ encoding: 'UTF8', fsync: 'on', upper: 'Ä', by_code_point: true, synchronous_commit: 'on' });
  });

  it('lets in nobody without the password, which only this account can read', async () => {
    const server = await start();
    const wrong = server.url.replace(/:[0-9a-f]{64}@/, ':wrong@');
    await expect(runSql(wrong, 'SELECT 1')).rejects.toThrow('password authentication failed');
    expect(statSync(join(server.folder, 'password')).mode & 0o777).toBe(0o600);
    const [row] = await runSql(
      server.url,
      `SELECT current_setting('listen_addresses') AS listens, current_setting('unix_socket_directories') AS sockets`,
    );
    expect(row).toEqual({ listens: '127.0.0.1', sockets: '' });
  });

  it('makes a new password when the file with it was lost', async () => {
    const first = await start();
    await write(first.url, 'before');
    await first.stop();
    rmSync(join(first.folder, 'password'));
    const second = await start();
    expect(second.url).not.toBe(first.url);
    expect(await read(second.url)).toEqual([{ value: 'before' }]);
  });

  it('is back on the same port, with all that was committed, after its process was killed', async () => {
    const server = await start();
    await write(server.url, 'before');
    const killed = server.pid!;
    process.kill(killed, 'SIGKILL');
    await until(() => log.includes(`PostgreSQL is back on port ${server.port}.`));
    expect(await read(server.url)).toEqual([{ value: 'before' }]);
    expect(server.pid).not.toBe(killed);
    expect(log[0]).toBe('PostgreSQL ended (SIGKILL); starting it again.');
  });

  it('can be stopped while it is being started again', async () => {
    const server = await start();
    process.kill(server.pid!, 'SIGKILL');
    await until(() => log.length > 0);
    await server.stop();
    expect(processIdentity(server.pid!)).toBeUndefined();
  });

  it('ends when the process that started it is killed, and starts again with all data', async () => {
    const owner = spawnOwner();
    const { pid, url } = await owner.ready();
    await write(url, 'before');
    await owner.kill();
    await until(() => processIdentity(pid) === undefined);
    const server = await start();
    expect(await read(server.url)).toEqual([{ value: 'before' }]);
  });

  it.each([
    ['that nobody ended', 'SIGCONT'],
    ['that is frozen', 'SIGSTOP'],
  ] as const)('first stops a server of a dead owner %s', async (_, signal) => {
    const owner = spawnOwner();
    const { pid, url } = await owner.ready();
    await write(url, 'before');
    spawnSync('pkill', ['-KILL', '-f', `watchdog ${pid} `]);
    process.kill(pid, signal);
    await owner.kill();
    expect(processIdentity(pid)).toBeDefined();
    const server = await start();
    expect(processIdentity(pid)).toBeUndefined();
    expect(await read(server.url)).toEqual([{ value: 'before' }]);
    expect(log).toContain('Stopped a PostgreSQL that had outlived its owner.');
  });

  it('starts though the pid in postmaster.pid was given to another process', async () => {
    const first = await start();
    await first.stop();
    const bystander = ServerOwner.spawn({ library, dataDir: join(dataDir, '../other') });
    running.push(bystander);
    const { pid } = await bystander.ready();
    writeFileSync(join(first.folder, 'cluster/postmaster.pid'), `${pid}\n${first.folder}/cluster\n1\n1\n\n*\n`);
    if (process.getuid?.() === 0)
      spawnSync('chown', ['--reference', join(first.folder, 'cluster'), join(first.folder, 'cluster/postmaster.pid')]);
    await start();
    expect(processIdentity(pid)).toBeDefined();
  });

  describe('when its port is taken', () => {
    let occupant: Server;
    afterEach(() => occupant.close());

    const occupy = (port: number): Promise<void> =>
      new Promise((resolve) => {
        occupant = createServer().listen(port, '127.0.0.1', resolve);
      });

    it('takes another one, if it was only the port of last time', async () => {
      const first = await start();
      await first.stop();
      await occupy(first.port);
      const second = await start();
      expect(second.port).not.toBe(first.port);
      expect(await runSql(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });

    it('says so, if it was asked for', async () => {
      await occupy(0);
      const { port } = occupant.address() as { port: number };
      await expect(start({ port })).rejects.toThrow(`Port ${port} of 127.0.0.1 is taken.`);
    });
  });

  it('refuses a folder on which another one runs, in this process or in another', async () => {
    const owner = spawnOwner();
    const { folder: place } = await owner.ready();
    await expect(start()).rejects.toThrow(new FolderInUseError(place, owner.child.pid!));
    await owner.stop();
    await start();
    await expect(start()).rejects.toThrow(FolderInUseError);
    expect(await spawnOwner().refusal()).toContain(`is in use by process ${process.pid}`);
  });

  it('starts afresh after it was killed while it made the database', async () => {
    const owner = spawnOwner();
    await until(() => {
      const names = readdirSync(join(dataDir, '..'), { recursive: true }) as string[];
      return names.some((name) => name.includes('cluster.new-') && name.endsWith('global'));
    });
    await owner.kill();
    expect(readdirSync(dataDir)).not.toContain('cluster');
    const server = await start();
    expect(await runSql(server.url, 'SELECT current_database() AS name')).toEqual([{ name: 'millrace' }]);
    expect(readdirSync(dataDir).filter((name) => name.includes('.new-'))).toEqual([]);
  });

  it('refuses a database of another major version of PostgreSQL', async () => {
    const server = await start();
    await server.stop();
    writeFileSync(join(server.folder, 'cluster/PG_VERSION'), '17\n');
    await expect(start()).rejects.toThrow(/was made by PostgreSQL 17; this Millrace brings 18/);
    await expect(start()).rejects.toThrow(ServerUnavailableError);
  });

  it('names the folder that it may not use', async () => {
    mkdirSync(join(dataDir, '..'), { recursive: true });
    writeFileSync(dataDir, 'a file where the folder should be');
    await expect(start()).rejects.toThrow(`This account cannot use the data folder ${dataDir}`);
  });
});
