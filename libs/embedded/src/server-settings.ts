import { totalmem } from 'node:os';
import { LOOPBACK } from './free-port';

/** Configuration parameters of PostgreSQL, as in postgresql.conf. */
export type ServerSettings = Readonly<Record<string, string>>;

const MIB = 1024 * 1024;

/** What the server runs with; passed on its command line, so that an older data folder gets it too. */
export function serverSettings(port: number, own: ServerSettings): ServerSettings {
  return {
    listen_addresses: LOOPBACK,
    port: String(port),
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: `${sharedBuffersMib()}MB`,
    // Few, spread checkpoints: after each, the first change of a page writes the whole page to the log.
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    // The programs come without lz4 and zstd; pglz costs more time than its bytes are worth here.
    wal_compression: 'off',
    jit: 'off',
    fsync: 'on',
    synchronous_commit: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    // What events hold stays out of the log: neither the text of a failed statement nor the values of a key.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    ...own,
  };
}

export function toArguments(settings: ServerSettings): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** A quarter of the memory that this process may use, from 128 MiB to 1 GiB. */
function sharedBuffersMib(): number {
  // Zero or a number beyond all memory: no limit is set for this process.
  const limit = process.constrainedMemory();
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return Math.round(Math.min(1024, Math.max(128, memory / MIB / 4)));
}
