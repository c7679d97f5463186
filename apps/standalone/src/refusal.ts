import { EmbeddedError, FolderInUseError } from '@app/embedded';
import { CannotStartError } from './cannot-start.error';
import { readCliFile } from './cli-file';

/** What a person has to know and do when nothing was started; undefined when only the error itself can tell. */
export function refusal(error: unknown): string | undefined {
  if (error instanceof FolderInUseError) {
    const left = readCliFile(error.folder);
    const where = left?.pid === error.pid ? ` at ${left.url}` : '';
    return (
      `Millrace already runs on the data folder ${error.folder}${where} (process ${error.pid}). ` +
      'Stop that one, or set MILLRACE_DATA_DIR to another folder.'
    );
  }
  if (error instanceof EmbeddedError || error instanceof CannotStartError)
    return `Millrace cannot start. ${error.message}`;
  const { code, port } = (error ?? {}) as { readonly code?: string; readonly port?: number };
  if (code === 'EADDRINUSE') {
    return `Port ${port ?? ''} is taken by another program. Set PORT to another one, or to 0 for any that is free.`;
  }
  if (code === 'EACCES' && port !== undefined) {
    return `This account may not listen on port ${port}. Set PORT to one above 1023.`;
  }
  return undefined;
}
