import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 50;

/** Runs the assertions again until they hold; after `timeoutMs` the last failure is the test's. */
export async function eventually<T>(assertions: () => T | Promise<T>, timeoutMs = 15_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await assertions();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await delay(POLL_MS);
  }
}
