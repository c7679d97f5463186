import { SharedAnswer } from './shared-answer';

const OPTIONS = { freshMs: 60_000, limitMs: 60_000 };

describe('SharedAnswer', () => {
  it('asks once for all who want to know at the same time, and shortly after', async () => {
    let asked = 0;
    const answer = new SharedAnswer(() => Promise.resolve((asked += 1)), OPTIONS);
    expect(await Promise.all([answer.get(), answer.get()])).toEqual([1, 1]);
    expect(await answer.get()).toBe(1);
  });

  it('asks again when the answer is old, a failure too, and remembers the last good one', async () => {
    const outcomes = [Promise.resolve('good'), Promise.reject(new Error('no')), Promise.resolve('better')];
    for (const outcome of outcomes) outcome.catch(() => undefined);
    const answer = new SharedAnswer(() => outcomes.shift() ?? Promise.reject(new Error('asked too often')), {
      ...OPTIONS,
      freshMs: -1,
    });
    expect(await answer.get()).toBe('good');
    await expect(answer.get()).rejects.toThrow('no');
    expect(answer.last).toBe('good');
    expect(await answer.get()).toBe('better');
  });

  it('lets nobody wait for longer than the limit, does not ask again meanwhile, but gives up what never settles', async () => {
    let asked = 0;
    let clockMs = 0;
    const answer = new SharedAnswer(
      () => {
        asked += 1;
        return asked === 1 ? new Promise<string>(() => undefined) : Promise.resolve('at last');
      },
      { freshMs: 60_000, limitMs: 5 },
      () => clockMs,
    );
    await expect(answer.get()).rejects.toThrow('No answer within 5 ms.');
    await expect(answer.get()).rejects.toThrow('No answer within 5 ms.');
    expect(asked).toBe(1);
    clockMs = 26;
    expect(await answer.get()).toBe('at last');
    expect(await answer.get()).toBe('at last');
    expect(asked).toBe(2);
  });
});
