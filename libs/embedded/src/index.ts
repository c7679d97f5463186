export { DataFolder } from './data-folder';
export { EmbeddedError, FolderInUseError } from './embedded.error';
export { PostgresServer, type PostgresServerOptions } from './postgres-server';
