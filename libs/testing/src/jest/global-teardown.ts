import type { ServicesHolder } from './global-setup';

export default async function globalTeardown(): Promise<void> {
  const holder = globalThis as ServicesHolder;
  await holder.millraceTestServices?.stop();
  holder.millraceTestServices = undefined;
}
