import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@app/testing';

/** Reads something once, in whole, and tells what is wrong with it. */
export type Pass = () => Promise<readonly string[]>;

/** More would be the same. */
const MAX_COMPLAINTS = 20;
/** The machine is to have time for those who are watched. */
const PAUSE_MS = 100;

interface Reader {
  readonly name: string;
  readonly pass: Pass;
  begun: number;
  done: number;
}

/** Readers that look all the while, each again and again. What goes wrong at any moment is kept. */
export class Watch {
  readonly complaints: string[] = [];
  private readonly readers: readonly Reader[];
  private stopped = false;
  private readonly running: Promise<unknown>;

  constructor(passes: Readonly<Record<string, Pass>>) {
    this.readers = Object.entries(passes).map(([name, pass]) => ({ name, pass, begun: 0, done: 0 }));
    this.running = Promise.all(this.readers.map((reader) => this.loop(reader)));
  }

  /** Passes that were made. */
  get passes(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.readers.map(({ name, done }) => [name, done]));
  }

  /** Resolves once each reader has made a pass that began after the call. */
  async round(): Promise<void> {
    const wanted = this.readers.map((reader) => ({ reader, pass: reader.begun + 1 }));
    await eventually(() => {
      for (const { reader, pass } of wanted) expect(reader.done).toBeGreaterThanOrEqual(pass);
    }, 120_000);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async loop(reader: Reader): Promise<void> {
    while (!this.stopped) {
      reader.begun += 1;
      const wrong = await reader.pass().catch((error: unknown) => [String(error)]);
      if (this.complaints.length < MAX_COMPLAINTS)
        this.complaints.push(...wrong.map((text) => `${reader.name}: ${text}`));
      reader.done = reader.begun;
      await delay(PAUSE_MS);
    }
  }
}
