import type { PostgresConfig } from '@app/config';
import { Client, type Submittable, type Connection } from 'pg';
import { CONNECT_TIMEOUT_MS, prepareSession, sessionOptions } from './data-source';
import type { Prepared, Transaction } from './database';
import { StoreUnavailableError, translateDatabaseError } from './store-error';

/**
 * One connection of its own without time limits, for work that takes minutes and holds a lock of the session meanwhile.
 * When the connection is lost, the lock and the open transaction are gone with it and every further call throws.
 *
 * One call at a time. Every call throws as those of `Database` do.
 */
export class LongSession implements Transaction {
  private constructor(private readonly client: Client) {}

  static async open(config: PostgresConfig): Promise<LongSession> {
    const client = new Client({
      ...sessionOptions(config, 'maintenance'),
      connectionString: config.url,
      application_name: 'millrace',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    });
    // Whoever asks next hears of it.
    client.on('error', () => undefined);
    try {
      await client.connect();
      await prepareSession(client, config, 'maintenance');
      return new LongSession(client);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw translateDatabaseError(error);
    }
  }

  async query<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]> {
    try {
      const { rows } = await this.client.query(sql, parameters === undefined ? undefined : [...parameters]);
      return rows as Row[];
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }

  async execute<Row>({ sql }: Prepared, parameters: readonly unknown[]): Promise<Row[]> {
    return this.query<Row>(sql, parameters);
  }

  /** As `Database.transaction`. */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    await this.query('BEGIN');
    try {
      const result = await work(this);
      // COMMIT of a failed transaction answers ROLLBACK, and no error.
      const { command } = await this.client.query('COMMIT').catch((error: unknown) => {
        throw translateDatabaseError(error);
      });
      if (command !== 'COMMIT') throw new StoreUnavailableError('The transaction had failed before.', undefined);
      return result;
    } catch (error) {
      // Without its connection the server rolls back by itself; the first error is the one to tell.
      await this.client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  /**
   * Runs `COPY … TO STDOUT`, which has no parameters.
   *
   * @param onRow is given each row with its line end, in a buffer that is used again after the call. PostgreSQL waits
   *   for it, so that memory stays the same whatever the table holds. What it throws comes out as it is.
   */
  async copyOut(sql: string, onRow: (row: Buffer) => void): Promise<void> {
    const copy = new CopyOut(sql, onRow);
    this.client.query(copy);
    try {
      await copy.done;
    } catch (error) {
      throw error === copy.failure ? error : translateDatabaseError(error);
    }
  }

  /** May be called twice. */
  async close(): Promise<void> {
    await this.client.end().catch(() => undefined);
  }
}

/** What pg calls back for one statement; it knows COPY only from its own package for streams. */
class CopyOut implements Submittable {
  readonly done: Promise<void>;
  private resolve!: () => void;
  private reject!: (error: Error) => void;
  /** What `onRow` threw. */
  failure: Error | undefined;

  constructor(
    private readonly sql: string,
    private readonly onRow: (row: Buffer) => void,
  ) {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  submit(connection: Connection): void {
    connection.query(this.sql);
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    if (this.failure !== undefined) return;
    try {
      this.onRow(chunk);
    } catch (error) {
      // Thrown out of here it would end the process. The rest of the rows is read and dropped.
      this.failure = error as Error;
    }
  }

  handleCommandComplete(): void {
    // The rows have all come; ReadyForQuery follows.
  }

  handleError(error: Error): void {
    this.reject(error);
  }

  handleReadyForQuery(): void {
    if (this.failure === undefined) this.resolve();
    else this.reject(this.failure);
  }
}
