import { transformFileSync } from '@swc/core';
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';

const SOURCES = join(__dirname, '../src');
const NODE_MODULES = join(__dirname, '../../../node_modules');

/** Compiles the library into a folder, so that a plain node can run it there as any account. */
export function compileLibrary(folder: string, nodeModules: string = NODE_MODULES): string {
  const library = join(folder, 'library');
  mkdirSync(library, { recursive: true });
  for (const name of readdirSync(SOURCES).filter((each) => /^[\w.-]+(?<!spec)\.ts$/.test(each))) {
    writeFileSync(join(library, name.replace(/\.ts$/, '.js')), transformFileSync(join(SOURCES, name)).code);
  }
  for (const program of [require.resolve('./owner-program.cjs'), require.resolve('./lock-racer.cjs')]) {
    copyFileSync(program, join(library, basename(program)));
  }
  if (nodeModules !== join(folder, 'node_modules')) symlinkSync(nodeModules, join(folder, 'node_modules'));
  chmodSync(library, 0o755);
  return library;
}

interface OwnerOptions {
  readonly library: string;
  readonly dataDir: string;
  readonly port?: number;
  readonly uid?: number;
}

interface Ready {
  readonly url: string;
  readonly folder: string;
  readonly pid: number;
  readonly port: number;
}

type Line = { readonly ready?: Ready; readonly failed?: string } & {
  readonly level?: string;
  readonly message?: string;
};

/** A process of its own that runs a server. */
export class ServerOwner {
  readonly messages: string[] = [];
  private readonly outcome: Promise<Ready | string>;
  private readonly exited: Promise<void>;

  private constructor(readonly child: ChildProcess) {
    this.exited = new Promise((resolve) =>
      child.once('exit', () => {
        resolve();
      }),
    );
    this.outcome = new Promise((resolve) => {
      createInterface({ input: child.stdout! }).on('line', (text) => {
        const line = JSON.parse(text) as Line;
        if (line.message !== undefined) this.messages.push(line.message);
        if (line.ready !== undefined) resolve(line.ready);
        if (line.failed !== undefined) resolve(line.failed);
      });
      void this.exited.then(() => {
        resolve('ended without a word');
      });
    });
  }

  static spawn(options: OwnerOptions): ServerOwner {
    const { library, dataDir, port = 0, uid } = options;
    const account = uid === undefined ? {} : { uid, gid: uid };
    const args = [join(library, 'owner-program.cjs'), join(library, 'index.js'), dataDir, String(port)];
    return new ServerOwner(spawn(process.execPath, args, { ...account, cwd: '/', stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  async ready(): Promise<Ready> {
    const outcome = await this.outcome;
    if (typeof outcome === 'string') throw new Error(outcome);
    return outcome;
  }

  /** What it said when it could not start. */
  async refusal(): Promise<string> {
    const outcome = await this.outcome;
    if (typeof outcome !== 'string') throw new Error('the server was started');
    return outcome;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  async stop(): Promise<void> {
    this.child.stdin!.end();
    await this.exited;
  }
}
