import { eventually } from '@app/testing';
import { EventSender } from '../../api/event-sender.port';
import type { EventOutcome } from '../../api/api-answer';
import { CannotRunError } from '../../cannot-run.error';
import { PostRun } from './post-run';

const never = new AbortController().signal;

/** Answers when it is told to. */
class HeldSender extends EventSender {
  readonly held: { readonly events: readonly string[]; answer(outcomes?: readonly EventOutcome[]): void }[] = [];

  override send(events: readonly string[]): Promise<readonly EventOutcome[]> {
    return new Promise((resolve) => {
      this.held.push({
        events,
        answer: (outcomes = events.map(() => ({ accepted: true }))) => {
          resolve(outcomes);
        },
      });
    });
  }
}

class PromptSender extends EventSender {
  readonly sizes: number[] = [];
  constructor(private readonly outcome: () => EventOutcome = () => ({ accepted: true })) {
    super();
  }

  override send(events: readonly string[]): Promise<readonly EventOutcome[]> {
    this.sizes.push(events.length);
    return Promise.resolve(events.map(this.outcome));
  }
}

describe('PostRun', () => {
  it('sends what rate and time make, the last request with what is left', async () => {
    const sender = new PromptSender();
    const run = new PostRun({ rate: 1000, batchSize: 30, durationMs: 100 }, sender, () => '{}');
    await run.run(never);
    expect(sender.sizes).toEqual([30, 30, 30, 10]);
    expect(run.figures).toMatchObject({ due: 100, sent: 100, accepted: 100, refused: 0, unconfirmed: 0 });
  });

  it('comes to its end when events become due between two looks at the clock, with none on its way', async () => {
    let clockMs = 0;
    const clock = (): number => (clockMs += 1);
    const sender = new PromptSender();
    const run = new PostRun({ rate: 1000, batchSize: 7, durationMs: 490 }, sender, () => '{}', clock);
    await run.run(never);
    expect(run.figures).toMatchObject({ sent: 490, accepted: 490 });
  });

  it('stops when it is told to, though none of all that may be on their way is answered', async () => {
    const sender = new HeldSender();
    const stop = new AbortController();
    const run = new PostRun({ rate: 10_000, batchSize: 1, durationMs: Infinity }, sender, () => '{}');
    const running = run.run(stop.signal);
    await eventually(() => {
      expect(sender.held).toHaveLength(64);
    });
    stop.abort();
    await eventually(() => {
      const { seconds } = run;
      expect(run.seconds).toBe(seconds);
    });
    for (const request of sender.held) request.answer();
    await running;
    expect(sender.held).toHaveLength(64);
  });

  it('says how far it is behind when answers do not come, and sends nothing of it after its time', async () => {
    const sender = new HeldSender();
    const stop = new AbortController();
    const run = new PostRun({ rate: 10_000, batchSize: 1, durationMs: Infinity }, sender, () => '{}');
    const running = run.run(stop.signal);
    await eventually(() => {
      expect(sender.held).toHaveLength(64);
      expect(run.figures.due).toBeGreaterThan(1000);
    });
    stop.abort();
    for (const request of sender.held) request.answer();
    await running;
    const { sent, accepted, p50Ms } = run.figures;
    expect([sent, accepted]).toEqual([64, 64]);
    expect(p50Ms).toBeGreaterThan(50); // the first was due a tenth of a second before the last that counted
  });

  it('counts what is refused, and events whose fate is unknown when it is interrupted', async () => {
    const refused = new PostRun({ rate: 100, batchSize: 10, durationMs: 50 }, new PromptSender(refusal), () => '{}');
    await refused.run(never);
    expect(refused.figures).toMatchObject({ accepted: 0, refused: refused.figures.sent, unconfirmed: 0 });

    const stop = new AbortController();
    const sender: EventSender = {
      send: () => {
        stop.abort();
        return Promise.reject(new Error('aborted'));
      },
    };
    const interrupted = new PostRun({ rate: 10, batchSize: 5, durationMs: Infinity }, sender, () => '{}');
    await interrupted.run(stop.signal);
    expect(interrupted.figures).toMatchObject({ sent: 5, accepted: 0, unconfirmed: 5 });
  });

  it('ends when the API can never take anything', async () => {
    const sender: EventSender = { send: () => Promise.reject(new CannotRunError('the API refuses the key')) };
    const run = new PostRun({ rate: 10, batchSize: 5, durationMs: Infinity }, sender, () => '{}');
    await expect(run.run(never)).rejects.toThrow('refuses the key');
  });
});

const refusal = (): EventOutcome => ({ accepted: false, errors: [] });
