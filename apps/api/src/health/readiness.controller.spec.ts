import { Dependency } from '@app/observability';
import { Readiness } from './readiness';
import { ReadinessController } from './readiness.controller';

function controllerOf(ping: () => Promise<unknown>): ReadinessController {
  const log = new Dependency('kafka', () => Promise.reject(new Error('nobody asks the log')));
  return new ReadinessController(
    { database: new Dependency('postgresql', ping), log },
    Object.assign(new Readiness(), { ready: true }),
  );
}

describe('/readyz', () => {
  it('asks PostgreSQL once for all who want to know', async () => {
    let asked = 0;
    const controller = controllerOf(() => Promise.resolve((asked += 1)));
    const answers = await Promise.all(Array.from({ length: 50 }, () => controller.ready()));
    expect(answers).toEqual(Array(50).fill({ status: 'ready' }));
    expect(asked).toBe(1);
  });

  it('is 503 when PostgreSQL does not answer', async () => {
    const controller = controllerOf(() => Promise.reject(new Error('away')));
    await expect(controller.ready()).rejects.toMatchObject({ problem: { status: 503, code: 'unavailable' } });
  });
});
