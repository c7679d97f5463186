import { chmodSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServerUnavailableError } from './embedded.error';
import { openFolder } from './open-folder';
import { canUse, serverUser, type OsUser } from './os-user';
import { readIfExists, writeWhole } from './whole-file';

/** Where a server keeps its things, and the account that it runs as. */
export interface ClusterPlace {
  /** Folder of everything: the cluster, its log, password and port. */
  readonly folder: string;
  /** What PostgreSQL calls its data directory. */
  readonly cluster: string;
  readonly user: OsUser | undefined;
  /** True when the folder is not the one that was asked for, since the server's account cannot reach that one. */
  readonly elsewhere: boolean;
}

const ELSEWHERE = '/var/lib/millrace';
const POINTER = 'location';

/**
 * Finds the place of the server of a data folder, or makes it. As root the server runs as another account, which
 * cannot get into a folder below, say, /root: then the place is below /var/lib/millrace, and a file `location` in the
 * data folder leads to it. Deleting the data folder is a fresh start in either case.
 */
export function findPlace(dataDir: string): ClusterPlace {
  const home = openFolder(dataDir);
  const pointer = readIfExists(join(home, POINTER))?.trim();
  if (pointer !== undefined) return placeElsewhere(home, pointer);
  const user = serverUser(join(home, 'cluster'));
  if (canUse(home, 'search', user)) return placeIn(home, false);
  if (existsSync(join(home, 'cluster'))) {
    throw new ServerUnavailableError(
      `The server's account (${user?.name ?? 'this one'}) cannot reach the database in ${home}: open the folders above ` +
        'it for others to pass through, or move the data folder.',
    );
  }
  return placeElsewhere(home, makeElsewhere(home));
}

function placeElsewhere(home: string, folder: string): ClusterPlace {
  if (existsSync(folder)) return placeIn(folder, true);
  throw new ServerUnavailableError(
    `The database of ${home} was in ${folder}, which is gone. To begin with an empty one delete ${join(home, POINTER)}.`,
  );
}

function placeIn(folder: string, elsewhere: boolean): ClusterPlace {
  const cluster = join(folder, 'cluster');
  return { folder, cluster, user: serverUser(cluster), elsewhere };
}

function makeElsewhere(home: string): string {
  openFolder(ELSEWHERE);
  const folder = mkdtempSync(join(ELSEWHERE, 'postgresql-'));
  chmodSync(folder, 0o711);
  writeFileSync(join(folder, 'belongs-to'), `${home}\n`);
  writeWhole(join(home, POINTER), `${folder}\n`, 0o644);
  return folder;
}
