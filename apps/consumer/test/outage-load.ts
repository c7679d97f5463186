import { checkOutcomes, eventually, outageSize, Recorder, type OutcomeCheck } from '@app/testing';
import type { OutageRig } from './outage-rig';

/** Time for a machine that is slow: what is measured is printed and asserted, not waited for. */
const PATIENCE_MS = 90_000;
/** One in so many is not acceptable and must never be stored. */
const BAD_EVERY = 97;

export interface Recovery {
  readonly fault: string;
  readonly ms: number;
}

/**
 * Posts steadily while things break: most clients send again what was not confirmed, with its id, some do not, and some
 * events are not acceptable.
 */
export class OutageLoad {
  readonly recoveries: Recovery[] = [];
  private readonly patient: Recorder;
  private readonly careless: Recorder;
  private readonly runs: Promise<unknown>;

  constructor(private readonly rig: OutageRig) {
    const { eventsPerSecond } = outageSize;
    this.patient = this.recorder({ retryUnknown: true, connections: 16, eventsPerSecond: eventsPerSecond * 0.9 });
    this.careless = this.recorder({ retryUnknown: false, connections: 4, eventsPerSecond: eventsPerSecond * 0.1 });
    this.runs = Promise.all([this.patient.run(), this.careless.run()]);
    this.runs.catch(() => undefined); // told by `finish`
  }

  /**
   * Resolves once new events are acknowledged and all that is on the log by then is stored, load and all.
   *
   * @throws when that took longer than promised.
   */
  async recovered(fault: string): Promise<void> {
    const healedAt = performance.now();
    const before = this.patient.acknowledged;
    await eventually(() => {
      expect(this.patient.acknowledged).toBeGreaterThan(before);
    }, PATIENCE_MS);
    const ends = await eventually(() => this.rig.logEnds(), PATIENCE_MS);
    await eventually(async () => {
      expect(await this.rig.unreadBelow(ends)).toBe(0);
    }, PATIENCE_MS);
    const ms = Math.round(performance.now() - healedAt);
    this.recoveries.push({ fault, ms });
    process.stderr.write(`${this.rig.log}: ${ms} ms from the heal until all was well: ${fault}\n`);
    expect({ fault, inTime: ms <= outageSize.recoveryLimitMs, ms }).toMatchObject({ inTime: true });
  }

  /** Posts until the run has its size, waits until all is stored, and holds what is there against what was answered. */
  async finish(): Promise<{ readonly patient: OutcomeCheck; readonly careless: OutcomeCheck }> {
    await eventually(() => {
      expect(this.patient.acknowledged + this.careless.acknowledged).toBeGreaterThanOrEqual(outageSize.events);
    }, 600_000);
    this.patient.stop();
    this.careless.stop();
    await this.runs;
    await eventually(async () => {
      expect(await this.rig.unreadBelow(await this.rig.logEnds())).toBe(0);
    }, PATIENCE_MS);
    const stored = await this.rig.storedIds();
    const isCareless = (id: string): boolean => this.careless.log.numberOf(id) !== undefined;
    return {
      patient: checkOutcomes(this.patient.log, stored.filter((id) => !isCareless(id)), []), // prettier-ignore
      careless: checkOutcomes(this.careless.log, stored.filter(isCareless), []),
    };
  }

  private recorder(part: { retryUnknown: boolean; connections: number; eventsPerSecond: number }): Recorder {
    return new Recorder({
      ...part,
      url: this.rig.nextUrl,
      key: this.rig.key.text,
      eventsPerRequest: 20,
      timeoutMs: 12_000,
      eventOf: (number) => ({
        name: number % BAD_EVERY === 1 ? '' : 'outage',
        user_id: `u${number % 500}`,
        data: { number },
      }),
    });
  }
}
