import { open } from 'node:fs/promises';

/** Writing is not enough: without this, a loss of power may leave the name and not the bytes. */
export async function syncToDisk(path: string, flags: 'r' | 'r+'): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
