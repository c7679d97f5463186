import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

export interface EngineLimits {
  /** Of what DuckDB keeps in memory; what it needs beyond goes to `tempFolder`. */
  readonly memoryMb: number;
  readonly threads: number;
  /** Empty: nothing goes to disk, and what would have to fails. */
  readonly tempFolder: string;
}

/** An interrupt that comes before the statement has begun is lost. */
const INTERRUPT_AGAIN_MS = 20;

/** Gives work a connection of its own. */
export interface Connecting {
  connected<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
}

/** DuckDB in this process, with no database of its own: it reads and writes files. Loaded at the first use. */
export class Engine implements Connecting {
  private opening: Promise<DuckDBInstance> | undefined;

  constructor(private readonly limits: EngineLimits) {}

  /** Runs `work` on a connection of its own. @param signal makes it fail where it is. */
  async connected<T>(work: (connection: DuckDBConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const connection = await (await this.opened()).connect();
    const interrupting = interruptOn(connection, signal);
    try {
      signal?.throwIfAborted();
      return await work(connection);
    } finally {
      interrupting.end();
      connection.closeSync();
    }
  }

  /** The same, all of whose work fails where it is when the signal is aborted. */
  until(signal: AbortSignal | undefined): Connecting {
    return { connected: (work) => this.connected(work, signal) };
  }

  /** May be called twice; nothing may be running. */
  async close(): Promise<void> {
    const opening = this.opening;
    this.opening = undefined;
    (await opening)?.closeSync();
  }

  private async opened(): Promise<DuckDBInstance> {
    const opening = (this.opening ??= this.open());
    // The next one tries again.
    opening.catch(() => (this.opening = undefined));
    return opening;
  }

  private async open(): Promise<DuckDBInstance> {
    // 70 MB that a process without old events need not load.
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: `${this.limits.memoryMb}MB`,
      threads: String(this.limits.threads),
      temp_directory: this.limits.tempFolder,
      // Nothing is ever downloaded: what is needed is built in.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      // One thread keeps the order anyway; told to keep it, DuckDB holds many groups of a file in memory before it writes one.
      preserve_insertion_order: 'false',
    });
    // An option of what is built in, which is not known before. The footers of files that never change are read once.
    const connection = await instance.connect();
    await connection.run('SET GLOBAL parquet_metadata_cache = true');
    // Else DuckDB looks for the newest rows of a filter, and then for all of them again to read one column more of them.
    await connection.run('SET GLOBAL late_materialization_max_rows = 0');
    connection.closeSync();
    return instance;
  }
}

function interruptOn(connection: DuckDBConnection, signal: AbortSignal | undefined): { end(): void } {
  let timer: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    connection.interrupt();
    timer = setInterval(() => {
      connection.interrupt();
    }, INTERRUPT_AGAIN_MS);
  };
  signal?.addEventListener('abort', interrupt, { once: true });
  return {
    end: () => {
      signal?.removeEventListener('abort', interrupt);
      clearInterval(timer);
    },
  };
}

/** A text in SQL. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A time in SQL, UTC. */
export function timestamp(ms: number): string {
  return `TIMESTAMP '${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}'`;
}
