import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterPlace } from './cluster-place';
import { ServerEndedError, ServerUnavailableError } from './embedded.error';
import { LOOPBACK } from './free-port';
import { spawnAs, type OsUser } from './os-user';
import type { PostgresBinaries } from './postgres-binaries';
import { readIfExists, writeWhole } from './whole-file';

export const SUPERUSER = 'postgres';
export const DATABASE = 'millrace';

/** Major version of the programs; the format of a cluster belongs to one. */
const MAJOR_VERSION = '18';
const STAGING = 'cluster.new-';

/**
 * Makes the cluster when there is none yet. It is made in a folder beside and then renamed: a crash in the middle
 * leaves a folder that the next start removes, never half a cluster.
 *
 * @param durable false skips flushing to the disk, for tests.
 * @returns the superuser's password.
 */
export async function ensureCluster(
  place: ClusterPlace,
  binaries: PostgresBinaries,
  durable: boolean,
): Promise<string> {
  removeHalfMade(place.folder);
  if (existsSync(place.cluster)) {
    refuseOtherVersion(place.cluster);
    return readPassword(place) ?? (await setNewPassword(place, binaries, place.cluster));
  }
  const staging = mkdtempSync(join(place.folder, STAGING));
  if (place.user !== undefined) chownSync(staging, place.user.uid, place.user.gid);
  await run(binaries.initdb, initdbArguments(staging, durable), place.user);
  writeFileSync(join(staging, 'pg_hba.conf'), `host all all ${LOOPBACK}/32 scram-sha-256\n`);
  await singleUser(binaries, staging, place.user, `CREATE DATABASE ${DATABASE};`);
  const password = await setNewPassword(place, binaries, staging);
  renameSync(staging, place.cluster);
  return password;
}

function initdbArguments(folder: string, durable: boolean): string[] {
  return [
    ...['--pgdata', folder, '--username', SUPERUSER, '--encoding', 'UTF8'],
    // Built in, so that text sorts and compares the same on every machine.
    ...['--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
    // Only for the moment in which nobody but the single-user session below can get in.
    ...['--auth', 'trust'],
    ...(durable ? [] : ['--no-sync']),
  ];
}

function removeHalfMade(folder: string): void {
  for (const name of readdirSync(folder).filter((each) => each.startsWith(STAGING))) {
    rmSync(join(folder, name), { recursive: true, force: true, maxRetries: 3 });
  }
}

function refuseOtherVersion(cluster: string): void {
  const version = readIfExists(join(cluster, 'PG_VERSION'))?.trim() ?? 'unknown';
  if (version === MAJOR_VERSION) return;
  throw new ServerUnavailableError(
    `The database in ${cluster} was made by PostgreSQL ${version}; this Millrace brings ${MAJOR_VERSION}.`,
  );
}

const passwordFile = (place: ClusterPlace): string => join(place.folder, 'password');

function readPassword(place: ClusterPlace): string | undefined {
  const password = readIfExists(passwordFile(place))?.trim();
  return password === '' ? undefined : password;
}

/** The server must not run. The file is written first: a password that only the database knew would be lost. */
async function setNewPassword(place: ClusterPlace, binaries: PostgresBinaries, cluster: string): Promise<string> {
  const password = readPassword(place) ?? randomBytes(32).toString('hex');
  writeWhole(passwordFile(place), `${password}\n`, 0o600);
  chmodSync(passwordFile(place), 0o600);
  await singleUser(binaries, cluster, place.user, `ALTER ROLE ${SUPERUSER} PASSWORD '${password}';`);
  return password;
}

/** Runs one statement without a server, without a password. */
function singleUser(
  binaries: PostgresBinaries,
  cluster: string,
  user: OsUser | undefined,
  statement: string,
): Promise<void> {
  const settings = ['-c', 'exit_on_error=on', '-c', 'log_checkpoints=off'];
  return run(binaries.postgres, ['--single', '-D', cluster, ...settings, SUPERUSER], user, `${statement}\n`);
}

function run(program: string, args: string[], user: OsUser | undefined, input = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...spawnAs(user), stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-4000);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.stdin.on('error', () => undefined); // It ended before it read all; its exit code says why.
    child.once('error', (cause) => {
      reject(new ServerUnavailableError(`${program} cannot be run: ${cause.message}`, { cause }));
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new ServerEndedError(`${program} failed (${signal ?? `code ${String(code)}`}):`, output.trim()));
    });
    child.stdin.end(input);
  });
}
