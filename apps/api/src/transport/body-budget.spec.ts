import { BodyBudget } from './body-budget';
import { ProblemError } from './problem';

function refusalOf(act: () => void): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof ProblemError ? error.problem : error;
  }
}

describe('BodyBudget', () => {
  it('gives large bodies three quarters of the room, and the rest to small ones', () => {
    const budget = new BodyBudget(1_000_000);
    budget.open().take(700_000);
    expect(
      refusalOf(() => {
        budget.open().take(70_000);
      }),
    ).toMatchObject({ status: 503, code: 'overloaded' });
    for (let count = 0; count < 5; count += 1) budget.open().take(60_000);
    expect(budget.heldBytes).toBe(1_000_000);
    expect(
      refusalOf(() => {
        budget.open().take(1);
      }),
    ).toMatchObject({ status: 503 });
  });

  it('counts what a body has grown to, not its latest piece', () => {
    const budget = new BodyBudget(1_000_000);
    const share = budget.open();
    share.take(749_999);
    expect(
      refusalOf(() => {
        share.take(2);
      }),
    ).toMatchObject({ status: 503 });
    share.take(1);
  });

  it('has all of its room again when everything is released, also twice', () => {
    const budget = new BodyBudget(1_000_000);
    const share = budget.open();
    share.take(500_000);
    share.take(100_000);
    share.release();
    share.release();
    expect(budget.heldBytes).toBe(0);
  });

  it('takes an empty body however full it is', () => {
    const budget = new BodyBudget(100);
    budget.open().take(100);
    expect(
      refusalOf(() => {
        budget.open().take(0);
      }),
    ).toBeUndefined();
  });
});
