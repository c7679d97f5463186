import { setTimeout as delay } from 'node:timers/promises';

const ASK_AGAIN_MS = 20;

/** @param signal is aborted when the answer is of no use any more. */
type Check = (signal: AbortSignal) => boolean | Promise<boolean>;

/**
 * Waits until every check has said yes, once each.
 *
 * @param checks by what is the matter while the answer is no.
 * @returns what was the matter still after the time; empty as soon as nothing is.
 */
export async function missingAfter(limitMs: number, checks: Readonly<Record<string, Check>>): Promise<string[]> {
  const over = AbortSignal.timeout(limitMs);
  const answers = Object.entries(checks).map(async ([problem, check]) => {
    while (!over.aborted) {
      if (await check(over)) return undefined;
      await delay(ASK_AGAIN_MS);
    }
    return problem;
  });
  return (await Promise.all(answers)).filter((problem) => problem !== undefined);
}
