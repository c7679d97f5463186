import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findPlace, type ClusterPlace } from './cluster-place';
import { ServerEndedError, ServerUnavailableError } from './embedded.error';
import { FolderLock } from './folder-lock';
import { freePort, isFree, LOOPBACK } from './free-port';
import { DATABASE, ensureCluster, SUPERUSER } from './make-cluster';
import { findBinaries, type PostgresBinaries } from './postgres-binaries';
import { stopSurvivor } from './postmaster';
import { serverLog, ServerProcess } from './server-process';
import { serverSettings, type ServerSettings } from './server-settings';
import { readIfExists, writeWhole } from './whole-file';

export interface PostgresServerOptions {
  /** Made when missing. Everything of the server is in it, or, as root, possibly below /var/lib/millrace. */
  readonly dataDir: string;
  /** Port to insist on. Without one it is the port of last time when that is free, else any free one. */
  readonly port?: number;
  /** Parameters of PostgreSQL over those of this library. */
  readonly settings?: ServerSettings;
  /** A line for operators: what happened to the server. `warn`: it recovered by itself. */
  readonly onLog?: (level: 'info' | 'warn', message: string) => void;
}

const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 5000;
/** Orphans of a server that was killed hold its shared memory until they notice, usually for a few milliseconds. */
const ORPHANS_MS = 20_000;

/**
 * A real PostgreSQL on a folder of ours, for this machine only: it listens on 127.0.0.1 and asks for a password that
 * only this account can read.
 *
 * States: starting → running → stopped. While it runs, its process is started again whenever it ends, on the same port
 * and with growing pauses, for ever: only `stop` ends that. It does not outlive this process: when we are killed, it
 * shuts down by itself, and should that fail, the next start on the folder stops it first.
 */
export class PostgresServer {
  readonly url: string;
  /** Where data, log and password are: `dataDir`, unless the server's account cannot reach that. */
  readonly folder: string;
  readonly logFile: string;
  private readonly stopping = new AbortController();
  private readonly supervision: Promise<void>;
  private stopped: Promise<void> | undefined;

  private constructor(
    private readonly context: ServerContext,
    private current: ServerProcess,
    readonly port: number,
  ) {
    const { place, password } = context;
    this.url = `postgresql://${SUPERUSER}:${password}@${LOOPBACK}:${port}/${DATABASE}`;
    this.folder = place.folder;
    this.logFile = serverLog(place);
    this.supervision = this.keepRunning();
  }

  /**
   * Resolves when the server takes connections and has a database `millrace`.
   *
   * @throws {FolderInUseError} when another live process runs a server on the folder.
   * @throws {ServerUnavailableError} when something on this machine must be changed first.
   * @throws {ServerEndedError} with the server's own words.
   */
  static async start(options: PostgresServerOptions): Promise<PostgresServer> {
    const log = options.onLog ?? (() => undefined);
    const place = findPlace(options.dataDir);
    if (place.elsewhere)
      log('info', `The database is in ${place.folder}: its account cannot reach ${options.dataDir}.`);
    const lock = FolderLock.acquire(place.folder);
    try {
      const binaries = findBinaries(place.user);
      if (await stopSurvivor(place.cluster)) log('warn', 'Stopped a PostgreSQL that had outlived its owner.');
      const settings = options.settings ?? {};
      const password = await ensureCluster(place, binaries, settings['fsync'] !== 'off');
      const context = { place, binaries, settings, password, lock, log };
      const { process, port } = await launchFirst(context, options.port ?? 0);
      return new PostgresServer(context, process, port);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Pid of the server's first process; another one after each restart. */
  get pid(): number | undefined {
    return this.current.pid;
  }

  /** Resolves once everything is written and the process has ended, within 10 seconds. May be called twice. */
  stop(): Promise<void> {
    this.stopped ??= this.stopOnce();
    return this.stopped;
  }

  private async stopOnce(): Promise<void> {
    this.stopping.abort();
    await this.current.stop();
    await this.supervision;
    this.context.lock.release();
  }

  private async keepRunning(): Promise<void> {
    const { log, place, binaries, settings } = this.context;
    for (;;) {
      const reason = await this.current.exited;
      if (this.stopping.signal.aborted) return;
      log('warn', `PostgreSQL ended (${reason}); starting it again.`);
      for (let pauseMs = FIRST_BACKOFF_MS; ; pauseMs = Math.min(pauseMs * 2, LAST_BACKOFF_MS)) {
        await delay(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
        if (this.isStopping()) return;
        this.current = ServerProcess.spawn(place, binaries, serverSettings(this.port, settings));
        const failure = await failureOf(this.current.ready());
        if (this.isStopping()) return;
        if (failure === undefined) break;
        log('warn', failure);
      }
      log('info', `PostgreSQL is back on port ${this.port}.`);
    }
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }
}

function failureOf(work: Promise<void>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : 'unknown failure'),
  );
}

interface ServerContext {
  readonly place: ClusterPlace;
  readonly binaries: PostgresBinaries;
  readonly settings: ServerSettings;
  readonly password: string;
  readonly lock: FolderLock;
  readonly log: (level: 'info' | 'warn', message: string) => void;
}

interface Launched {
  readonly process: ServerProcess;
  readonly port: number;
}

async function launchFirst(context: ServerContext, wantedPort: number): Promise<Launched> {
  const { place, binaries, settings, log } = context;
  const portFile = join(place.folder, 'port');
  const deadline = Date.now() + ORPHANS_MS;
  for (;;) {
    const port = wantedPort === 0 ? await nextPort(portFile) : wantedPort;
    const process = ServerProcess.spawn(place, binaries, serverSettings(port, settings));
    try {
      await process.ready();
      writeWhole(portFile, `${port}\n`, 0o600);
      return { process, port };
    } catch (error) {
      if (!(error instanceof ServerEndedError)) throw error;
      const portTaken = /could not create any TCP\/IP sockets|could not bind/.test(error.serverLog);
      if (portTaken && wantedPort !== 0) {
        throw new ServerUnavailableError(`Port ${port} of ${LOOPBACK} is taken.`, { cause: error });
      }
      const orphans = /pre-existing shared memory block|lock file "postmaster\.pid" already exists/.test(
        error.serverLog,
      );
      if (!(portTaken || orphans) || Date.now() > deadline) throw error;
      log('info', portTaken ? `Port ${port} was taken meanwhile.` : 'Processes of the last server are still ending.');
      await delay(FIRST_BACKOFF_MS);
    }
  }
}

/** The port of last time when nobody has it now: connection strings that people noted go on to work. */
async function nextPort(portFile: string): Promise<number> {
  const last = Number(readIfExists(portFile)?.trim());
  return Number.isInteger(last) && last > 0 && (await isFree(last)) ? last : freePort();
}
