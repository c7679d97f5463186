import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, Recorder } from '@app/testing';
import { StandaloneProcess } from './standalone-process';

jest.setTimeout(180_000);

describe('npm start under load', () => {
  it('ends with 0 on SIGTERM, and has stored every acknowledged event after the next start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-standalone-'));
    chmodSync(folder, 0o777);
    const first = StandaloneProcess.spawn({ folder });
    const { url, key } = await first.ready();
    const recorder = new Recorder({
      url: () => url,
      key,
      connections: 8,
      eventsPerRequest: 10,
      eventOf: () => ({ name: 'n' }),
      retryUnknown: false,
    });
    const run = recorder.run();
    await eventually(() => {
      expect(recorder.acknowledged).toBeGreaterThan(2000);
    }, 60_000);
    first.child.kill('SIGTERM');
    expect((await first.ended()).code).toBe(0);
    recorder.stop();
    await run;

    const second = StandaloneProcess.spawn({ folder });
    const again = await second.ready();
    const acknowledged = Array.from({ length: recorder.log.size }, (_, number) => number).filter(
      (number) => recorder.log.outcomeOf(number) === 'ok',
    );
    // The last of each client are those that a hurried stop would lose.
    for (const number of acknowledged.slice(-200)) {
      await eventually(async () => {
        const headers = { 'X-API-Key': again.key };
        const answer = await fetch(`${again.url}/api/v1/events/${recorder.log.eventIdOf(number)}`, { headers });
        expect(answer.status).toBe(200);
      }, 60_000);
    }
    expect((await second.stop()).code).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });
});
