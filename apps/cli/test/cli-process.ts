import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../..');
const MAIN = join(ROOT, 'dist/apps/cli/src/main.js');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The compiled command line, as people run it. */
export class CliProcess {
  readonly result: Promise<CliResult>;
  private readonly child: ChildProcess;
  private stdout = '';
  private stderr = '';
  private ended = false;
  private onOutput: () => void = () => undefined;

  /** @param input written to its standard input, which is then closed. */
  constructor(args: readonly string[], environment: Readonly<Record<string, string>>, input = '') {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run "npm run build" first.`);
    this.child = spawn(process.execPath, [MAIN, ...args], { env: environment, stdio: 'pipe' });
    this.child.stdin?.on('error', () => undefined); // it may end before it has read all
    this.child.stdin?.end(input);
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += String(chunk);
      this.onOutput();
    });
    this.child.stderr?.on('data', (chunk) => (this.stderr += String(chunk)));
    this.result = new Promise((resolve) => {
      this.child.on('close', (code) => {
        this.ended = true;
        this.onOutput();
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  /** Resolves once it has printed something that matches. */
  async printed(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stdout)) {
      if (this.ended) throw new Error(`ended without printing ${pattern.source}: ${this.stderr}`);
      await new Promise<void>((resolve) => (this.onOutput = resolve));
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}
