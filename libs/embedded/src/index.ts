export { EmbeddedError, FolderInUseError, ServerEndedError, ServerUnavailableError } from './embedded.error';
export { FolderLock } from './folder-lock';
export { PostgresServer, type PostgresServerOptions } from './postgres-server';
