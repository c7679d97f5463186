import type { PostgresConfig } from '@app/config';
import type { ClientBase, PoolConfig } from 'pg';
import { DataSource } from 'typeorm';
import { migrations } from '../../../migrations';
import { entities } from './entities';

/** How long one try to connect, or the wait for a free connection of the pool, may take. */
export const CONNECT_TIMEOUT_MS = 5000;

/** A process that is stopped inside a transaction keeps its locks no longer than this; its successor waits as long. */
const TRANSACTION_TIMEOUT_MS = 10_000;

/** `work` is limited at every step. `maintenance` (migrations) runs as long as it takes, on one connection. */
export type Purpose = 'work' | 'maintenance';

/** Is told of every connection to which database it is, and to which start of the server. */
export type OnConnected = (identity: string) => void;

/** TypeORM's DataSource for these limits; it connects in `initialize()`. */
export function createDataSource(config: PostgresConfig, purpose: Purpose, onConnected?: OnConnected): DataSource {
  return new DataSource({
    type: 'postgres',
    url: config.url,
    applicationName: 'millrace',
    poolSize: purpose === 'work' ? config.poolSize : 1,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    entities,
    migrations,
    synchronize: false,
    installExtensions: false,
    logging: false,
    // An idle connection died. The pool has dropped it already and the next query makes a new one; who cannot get one
    // hears of it by a StoreUnavailableError.
    poolErrorHandler: () => undefined,
    extra: sessionOptions(config, purpose, onConnected),
  });
}

/** For TypeORM's own command line, which compares the entities with the database. */
export function maintenanceDataSource(config: PostgresConfig): DataSource {
  return createDataSource(config, 'maintenance');
}

/** What every connection of ours has, also those outside of the pool. */
export function sessionOptions(config: PostgresConfig, purpose: Purpose, onConnected?: OnConnected): PoolConfig {
  return {
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // pg-pool waits for the promise, though its types do not say so.
    onConnect: (client: ClientBase): unknown =>
      prepareSession(client, config, purpose).then((identity) => onConnected?.(identity)),
    // On the client, since a frozen server ignores statement_timeout.
    ...(purpose === 'work' ? { query_timeout: config.queryTimeoutMs } : {}),
  };
}

/**
 * Sets the session's limits. By a statement and not in the start-up message, because a server before 17 refuses a
 * connection that names `transaction_timeout`, and a pooler one that names any.
 *
 * @returns which database it is and when the server was started, as a text that says no more.
 */
export async function prepareSession(client: ClientBase, config: PostgresConfig, purpose: Purpose): Promise<string> {
  const wanted = Object.entries(purpose === 'work' ? workSettings(config) : maintenanceSettings());
  const { rows } = await client.query<{ identity: string }>(
    `SELECT set_config(name, wanted.value, false), extract(epoch FROM pg_postmaster_start_time()) || ' ' ||
       (SELECT oid FROM pg_database WHERE datname = current_database()) AS identity
     FROM unnest($1::text[], $2::text[]) AS wanted(name, value) JOIN pg_settings USING (name)`,
    [wanted.map(([name]) => name), wanted.map(([, value]) => value)],
  );
  return rows[0]?.identity ?? '';
}

/** Whatever the database or the role has for its own. */
const everySession = { default_transaction_isolation: 'read committed', DateStyle: 'ISO, MDY' };

function workSettings(config: PostgresConfig): Record<string, string> {
  return {
    ...everySession,
    // Every statement of ours is short, and compiling it would take longer; the planner believes otherwise of those that
    // stop early.
    jit: 'off',
    // A little before the client gives up, so that the server's answer still finds somebody.
    statement_timeout: String(Math.ceil(config.queryTimeoutMs * 0.9)),
    idle_in_transaction_session_timeout: String(TRANSACTION_TIMEOUT_MS),
    transaction_timeout: String(TRANSACTION_TIMEOUT_MS),
    // A peer that vanished without closing is given up after this, and its transaction with it.
    tcp_user_timeout: String(TRANSACTION_TIMEOUT_MS),
  };
}

function maintenanceSettings(): Record<string, string> {
  return {
    ...everySession,
    statement_timeout: '0',
    transaction_timeout: '0',
    // It holds a lock that others wait for: a process that was stopped, or a machine that is gone, must not keep it.
    idle_in_transaction_session_timeout: '60000',
    idle_session_timeout: '600000',
    tcp_keepalives_idle: '10',
    tcp_keepalives_interval: '10',
    tcp_keepalives_count: '3',
  };
}
