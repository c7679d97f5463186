import { readEnvironment } from '@app/config';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../..');
export const MAIN = join(ROOT, 'dist/apps/standalone/src/main.js');

interface Options {
  /** Working folder: `.millrace` and `.env` are looked for in it. */
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly uid?: number;
  /** What to run instead of the compiled program. */
  readonly command?: readonly string[];
}

/** The program as a process of its own, in a process group of its own, as a terminal starts it. */
export class StandaloneProcess {
  private said = '';
  private readonly exited: Promise<number | null>;
  private readonly listeners = new Set<() => void>();

  private constructor(readonly child: ChildProcess) {
    this.exited = new Promise((resolve) => {
      child.once('close', (code) => {
        resolve(code);
      });
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.said += chunk.toString();
        for (const listener of this.listeners) listener();
      });
    }
  }

  static spawn({ folder, environment = {}, uid, command = [process.execPath, MAIN] }: Options): StandaloneProcess {
    const env = { PATH: readEnvironment()['PATH'], PORT: '0', ...environment };
    const account = uid === undefined ? {} : { uid, gid: uid };
    const [program = '', ...args] = command;
    const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
    return new StandaloneProcess(spawn(program, args, { cwd: folder, env, detached: true, stdio, ...account }));
  }

  /** Address and key, as a person reads them off the terminal. */
  async ready(): Promise<{ readonly url: string; readonly key: string }> {
    const found = await this.until(/curl -X POST (\S+)\/api\/v1\/events -H 'X-API-Key: (\S+)'/);
    return { url: found[1] ?? '', key: found[2] ?? '' };
  }

  /** Resolves with the first match in what it said, or will say. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.said);
      if (found !== null) return found;
      if (this.hasEnded()) throw new Error(`It ended without saying ${String(pattern)}:\n${this.said}`);
      await Promise.race([new Promise<void>((resolve) => this.listeners.add(resolve)), this.exited]);
    }
  }

  /** Sends a signal to every process of the group, as a terminal does on Ctrl-C. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-(this.child.pid ?? 0), signal);
  }

  /** Resolves with the exit code and everything it said. */
  async ended(): Promise<{ readonly code: number | null; readonly said: string }> {
    return { code: await this.exited, said: this.said };
  }

  /** Ctrl-C. */
  async stop(): Promise<{ readonly code: number | null; readonly said: string }> {
    if (!this.hasEnded()) this.signalGroup('SIGINT');
    return this.ended();
  }

  async kill(): Promise<void> {
    if (!this.hasEnded()) this.signalGroup('SIGKILL');
    await this.exited;
  }

  private hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}
