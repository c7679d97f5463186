import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openBoundedLog } from './bounded-log';
import type { ClusterPlace } from './cluster-place';
import { ServerEndedError } from './embedded.error';
import { spawnAs } from './os-user';
import type { PostgresBinaries } from './postgres-binaries';
import { readPostmaster, stopPostmaster } from './postmaster';
import { toArguments, type ServerSettings } from './server-settings';

const POLL_MS = 20;

/**
 * Ends the server when our end of the pipe closes without a word, that is when we died. The pid is compared with the
 * server's own file first: it may have been given to another process meanwhile.
 */
const WATCHDOG = 'read -r word || { test "$(head -n 1 "$2/postmaster.pid")" = "$1" && kill -INT "$1"; }';

/** One run of the server's first process, from spawn to exit. */
export class ServerProcess {
  /** Resolves, with words for people, once the process has ended or could not be started. */
  readonly exited: Promise<string>;
  private ended = false;

  private constructor(
    private readonly child: ChildProcess,
    private readonly place: ClusterPlace,
    private readonly logStart: number,
  ) {
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => {
        resolve(error.message);
      });
      child.once('exit', (code, signal) => {
        resolve(signal ?? `code ${String(code)}`);
      });
    });
    void this.exited.then(() => {
      this.ended = true;
    });
  }

  static spawn(place: ClusterPlace, binaries: PostgresBinaries, settings: ServerSettings): ServerProcess {
    const descriptor = openBoundedLog(serverLog(place));
    const logStart = fstatSync(descriptor).size;
    try {
      const child = spawn(binaries.postgres, ['-D', place.cluster, ...toArguments(settings)], {
        ...spawnAs(place.user),
        // A session of its own: Ctrl-C at our terminal must reach us alone, we stop the server last. And a file, not a
        // pipe to us: a full or broken pipe would stop the server from logging, or from working.
        detached: true,
        stdio: ['ignore', descriptor, descriptor],
      });
      const started = new ServerProcess(child, place, logStart);
      started.watch();
      return started;
    } finally {
      closeSync(descriptor);
    }
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /**
   * Resolves when the server takes connections. Replaying the log of a crash may take long, so there is no limit.
   *
   * @throws {ServerEndedError} with its last words.
   */
  async ready(): Promise<void> {
    for (;;) {
      const postmaster = readPostmaster(this.place.cluster);
      if (this.ended) {
        throw new ServerEndedError(`PostgreSQL did not start (${await this.exited}):`, this.logSinceStart());
      }
      if (postmaster?.ready === true && postmaster.pid === this.child.pid) return;
      await delay(POLL_MS);
    }
  }

  async stop(): Promise<void> {
    const { pid } = this.child;
    if (pid !== undefined) await stopPostmaster(pid, () => this.ended);
    await this.exited;
  }

  private watch(): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog', String(pid), this.place.cluster], {
      ...spawnAs(this.place.user),
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    watchdog.on('error', () => undefined); // Without a watchdog the next start finds and stops the survivor.
    watchdog.stdin.on('error', () => undefined);
    void this.exited.then(() => watchdog.stdin.end('done\n'));
  }

  private logSinceStart(): string {
    return readFileSync(serverLog(this.place)).subarray(this.logStart).toString('utf8').trim().slice(-4000);
  }
}

export const serverLog = (place: ClusterPlace): string => join(place.folder, 'server.log');
