import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

export interface EngineLimits {
  /** Of what DuckDB keeps in memory; what it needs beyond goes to `tempFolder`. */
  readonly memoryMb: number;
  readonly threads: number;
  readonly tempFolder: string;
}

/** DuckDB in this process, with no database of its own: it reads and writes files. Loaded at the first use. */
export class Engine {
  private opening: Promise<DuckDBInstance> | undefined;

  constructor(private readonly limits: EngineLimits) {}

  /** Runs `work` on a connection of its own. */
  async connected<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    this.opening ??= this.open();
    const connection = await (await this.opening).connect();
    try {
      return await work(connection);
    } finally {
      connection.closeSync();
    }
  }

  /** May be called twice; nothing may be running. */
  async close(): Promise<void> {
    const opening = this.opening;
    this.opening = undefined;
    (await opening)?.closeSync();
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
    });
    // An option of what is built in, which is not known before. The footers of files that never change are read once.
    const connection = await instance.connect();
    await connection.run('SET GLOBAL parquet_metadata_cache = true');
    connection.closeSync();
    return instance;
  }
}

/** A text in SQL. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A time in SQL, UTC. */
export function timestamp(ms: number): string {
  return `TIMESTAMP '${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}'`;
}
