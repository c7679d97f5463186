import { open } from 'node:fs/promises';

/** Writing is not enough: without this, a loss of power may leave a name and not what it names. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The same of a file that DuckDB has written. It holds everything that clients have sent, and DuckDB lets all read it. */
export async function settleFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.chmod(0o600);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
