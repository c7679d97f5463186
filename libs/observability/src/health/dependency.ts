import { SharedAnswer } from '../shared-answer';

const FRESH_MS = 1000;
const LIMIT_MS = 2000;

/** Something outside this process that it cannot do its work without. */
export class Dependency {
  private readonly answer: SharedAnswer<unknown>;

  /** @param name as `/health` calls it. */
  constructor(
    readonly name: string,
    ping: () => Promise<unknown>,
  ) {
    this.answer = new SharedAnswer(ping, { freshMs: FRESH_MS, limitMs: LIMIT_MS });
  }

  /** Whether it answers now, within two seconds; at most a second old. */
  async isUp(): Promise<boolean> {
    return this.answer.get().then(
      () => true,
      () => false,
    );
  }
}
