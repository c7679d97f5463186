import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { S3StorageOptions } from '@app/archive';

export interface ArchiveProcessOptions {
  readonly url: string;
  readonly folder: string;
  readonly boundary: Date;
  readonly maxRows: number;
  /** After which step it waits, from the `times`th time on. */
  readonly waitAfter?: string;
  readonly times?: number;
  /** Of the bucket; without it the folder has the files. */
  readonly s3?: S3StorageOptions;
}

/** An archiver in a process of its own. */
export class ArchiveProcess {
  private readonly firstLine: Promise<string>;

  private constructor(private readonly child: ChildProcess) {
    this.firstLine = new Promise((resolve, reject) => {
      createInterface({ input: child.stdout! }).once('line', resolve);
      child.once('exit', () => {
        reject(new Error('The archiver ended without a word.'));
      });
    });
    // Whoever asks hears of it.
    this.firstLine.catch(() => undefined);
  }

  static start({
    url,
    folder,
    boundary,
    maxRows,
    waitAfter = '',
    times = 1,
    s3,
  }: ArchiveProcessOptions): ArchiveProcess {
    const program = join(__dirname, 'archive-program.cjs');
    const args = [program, url, folder, boundary.toISOString(), String(maxRows), waitAfter, String(times)];
    if (s3 !== undefined) args.push(JSON.stringify(s3));
    return new ArchiveProcess(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }));
  }

  /** Resolves when it waits after the step that was named, or has finished. */
  async says(): Promise<unknown> {
    return JSON.parse(await this.firstLine);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}
