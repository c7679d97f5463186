import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { ServerUnavailableError } from './embedded.error';

/** The account that the server runs as when we are root: PostgreSQL refuses to run as root. */
export interface OsUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** What programs of the server see. Ours is not passed on: PGPORT, PGOPTIONS or LD_LIBRARY_PATH would change it. */
export const CLEAN_ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' } as const;

const UNPRIVILEGED = ['postgres', '_postgres', 'nobody'];

export function runsAsRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * Who the server of a cluster must run as: its owner when it exists, else an unprivileged account of this machine.
 * Undefined when we are not root: then it is us.
 */
export function serverUser(cluster: string): OsUser | undefined {
  if (!runsAsRoot()) return undefined;
  const existing = statSync(cluster, { throwIfNoEntry: false });
  if (existing !== undefined) return { name: `uid ${existing.uid}`, uid: existing.uid, gid: existing.gid };
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of UNPRIVILEGED) {
    const fields = accounts.find((line) => line.startsWith(`${name}:`))?.split(':');
    // macOS writes nobody's uid as -2.
    if (fields !== undefined) return { name, uid: Number(fields[2]) >>> 0, gid: Number(fields[3]) >>> 0 };
  }
  throw new ServerUnavailableError(
    `PostgreSQL does not run as root, and this machine has none of the accounts ${UNPRIVILEGED.join(', ')}. ` +
      'Start Millrace as a normal user, or set DATABASE_URL.',
  );
}

/** True when the server's account can use the path: search a folder, run or read a file. */
export function canUse(path: string, mode: 'search' | 'run' | 'read', user: OsUser | undefined): boolean {
  if (user === undefined) {
    try {
      accessSync(path, mode === 'read' ? constants.R_OK : constants.X_OK);
      return true;
    } catch {
      return false;
    }
  }
  // Asked as that account instead of worked out from mode bits: access lists and mount options count too.
  const flag = mode === 'read' ? '-r' : '-x';
  const answer = spawnSync('/bin/sh', ['-c', `test ${flag} "$1"`, 'test', path], { ...spawnAs(user), stdio: 'ignore' });
  return answer.status === 0;
}

interface SpawnAs {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
}

/** Options of `spawn` for programs of the server. */
export function spawnAs(user: OsUser | undefined): SpawnAs {
  // The folder that we were started in may be closed to that account, and initdb insists on knowing where it is.
  const shared = { cwd: '/', env: CLEAN_ENVIRONMENT };
  return user === undefined ? shared : { ...shared, uid: user.uid, gid: user.gid };
}
