import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const HONEST = join(__dirname, 'worker-program.cjs');
const DISHONEST = join(__dirname, 'dishonest-worker.cjs');

export interface WorkOrder {
  readonly job: 'archive' | 'erase';
  readonly url: string;
  readonly folder: string;
  readonly boundary: Date;
  readonly maxRows: number;
  /** How long a file stays that was replaced; as long as usual when left out. */
  readonly graceMs?: number;
  /** The instant at which it stands still, from the `times`th time on; without it the work is done to its end. */
  readonly at?: string;
  readonly times?: number;
}

/** What a worker has come to. */
export type WorkerWord =
  | { readonly held: string; readonly dying?: boolean }
  | { readonly done: { readonly ran: boolean; readonly merged?: number } }
  | { readonly failed: string; readonly cause?: string };

/** The archiver's work in a process of its own, which is to be killed. Started ahead, so that nobody waits for its start. */
export class ArchiveWorker {
  private readonly child: ChildProcess;
  private readonly words: WorkerWord[] = [];
  private readonly ended: Promise<unknown>;
  private hear = (): void => undefined;

  /** @param bug the rule that it breaks; without it, none. */
  constructor(bug?: string) {
    const program = bug === undefined ? [HONEST] : [DISHONEST, bug];
    const child = spawn(process.execPath, program, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child = child;
    this.ended = once(child, 'exit');
    // Of an order to who is dying.
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.words.push(JSON.parse(line) as WorkerWord);
      this.hear();
    });
    child.once('exit', () => {
      this.hear();
    });
  }

  /** @returns its first word, or the next one that is not known yet. */
  async order(order: WorkOrder): Promise<WorkerWord> {
    this.say(order);
    return this.word();
  }

  /** Lets one that stands still at a step go on. @returns its next word. */
  async goOn(): Promise<WorkerWord> {
    this.say({});
    return this.word();
  }

  /** kill -9; or waits until one that is dying is dead. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** Resolves when it has died by itself. */
  async died(): Promise<void> {
    await this.ended;
  }

  private say(order: object): void {
    this.child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  private async word(): Promise<WorkerWord> {
    for (;;) {
      const word = this.words.shift();
      if (word !== undefined) return word;
      if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error('The worker died unasked.');
      await new Promise<void>((resolve) => (this.hear = resolve));
    }
  }
}
