import { TestServices } from './test-services';

/** Where the teardown finds what the set-up started: jest loads both in one process, but gives them nothing in common. */
export interface ServicesHolder {
  millraceTestServices?: TestServices | undefined;
}

/** Jest calls it once per run, though several projects name it. */
export default async function globalSetup(): Promise<void> {
  const holder = globalThis as ServicesHolder;
  holder.millraceTestServices = await TestServices.start();
}
