import { EventEmitter } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Response } from 'express';
import { UntilGone } from './until-gone';

function aResponse(): Response {
  return Object.assign(new EventEmitter(), { destroyed: false }) as unknown as Response;
}

it('tells when the client has gone, and those who are still there when the process stops', () => {
  const untilGone = new UntilGone();
  const [gone, here] = [aResponse(), aResponse()];
  const [first, second] = [untilGone.signalOf({ res: gone }), untilGone.signalOf({ res: here })];
  gone.emit('close');
  expect([first.aborted, second.aborted]).toEqual([true, false]);
  untilGone.onModuleDestroy();
  expect(second.aborted).toBe(true);
  expect(untilGone.signalOf({ res: aResponse() }).aborted).toBe(true);
});

it('remembers nothing of requests that are over', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const untilGone = new UntilGone();
  const heapAfter = (requests: number): number => {
    for (let n = 0; n < requests; n += 1) {
      const res = aResponse();
      untilGone.signalOf({ res });
      res.emit('close');
    }
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = heapAfter(1000);
  expect(heapAfter(60_000) - before).toBeLessThan(1_500_000);
});
