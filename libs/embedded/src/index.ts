export { DataFolder } from './data-folder';
export { EmbeddedError, FolderInUseError, ServerEndedError, ServerUnavailableError } from './embedded.error';
export { PostgresServer, type PostgresServerOptions } from './postgres-server';
