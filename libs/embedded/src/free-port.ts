import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** The server listens here and nowhere else. */
export const LOOPBACK = '127.0.0.1';

/**
 * A free port below the range from which systems lend ports to outgoing connections (from 32768 on Linux, from 49152
 * on macOS): one of that range could be lent to somebody in the moment in which a crashed server is started again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    if (await isFree(port)) return port;
  }
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(false);
    });
    probe.listen({ host: LOOPBACK, port, exclusive: true }, () => {
      probe.close(() => {
        resolve(true);
      });
    });
  });
}
