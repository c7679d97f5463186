import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(__dirname, '../../../..');

/** One JSON line of an app's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string };

/** A compiled app as a process of its own, as operators run it. */
export class AppProcess {
  readonly lines: LogLine[] = [];
  private readonly listeners = new Set<() => void>();
  private readonly ended: Promise<unknown>;
  private stderr = '';

  private constructor(private readonly child: ChildProcess) {
    this.ended = once(child, 'exit');
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on('line', (line) => {
        this.take(line);
      });
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    child.on('exit', () => {
      this.wake();
    });
  }

  /** @param script path of the program within the project, like `dist/apps/api/src/main.js`. */
  static start(script: string, environment: Readonly<Record<string, string>>): AppProcess {
    const file = join(ROOT, script);
    if (!existsSync(file)) throw new Error(`${script} is missing: run "npm run build" first.`);
    const env = { PATH: process.env['PATH'], ...environment };
    return new AppProcess(spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('The process did not start.');
    return this.child.pid;
  }

  /** undefined while it runs. */
  get exitCode(): number | null | undefined {
    return this.child.exitCode === null && this.child.signalCode === null ? undefined : this.child.exitCode;
  }

  /** Resolves with the first log line, past or to come, with this message. */
  async logged(msg: string): Promise<LogLine> {
    for (;;) {
      const line = this.lines.find((candidate) => candidate.msg === msg);
      if (line !== undefined) return line;
      if (this.exitCode !== undefined) throw new Error(`The process ended without the line "${msg}": ${this.said()}`);
      await new Promise<void>((resolve) => this.listeners.add(resolve));
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** SIGKILL; resolves once it is gone. */
  async kill(): Promise<void> {
    if (this.exitCode === undefined) this.child.kill('SIGKILL');
    await this.ended;
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    if (this.exitCode === undefined) this.child.kill('SIGTERM');
    await this.ended;
    return this.child.exitCode;
  }

  /** What it printed, for the message of a failed test. */
  said(): string {
    return [...this.lines.slice(-20).map((line) => JSON.stringify(line)), this.stderr].join('\n');
  }

  private take(text: string): void {
    try {
      this.lines.push(JSON.parse(text) as LogLine);
    } catch {
      this.lines.push({ msg: text });
    }
    this.wake();
  }

  private wake(): void {
    for (const listener of this.listeners) listener();
    this.listeners.clear();
  }
}
