import { EmbeddedError, FolderInUseError } from '@app/embedded';
import { CannotStartError } from './cannot-start.error';
import { readCliFile } from './cli-file';

interface Refused {
  readonly code?: string;
  readonly port?: number;
  /** What names the port; PORT when it is not said. */
  readonly setting?: string;
}

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
  const { code, port, setting = 'PORT' } = (error ?? {}) as Refused;
  if (code === 'EADDRINUSE') {
    return `Port ${port ?? ''} is taken by another program. Set ${setting} to another one, or to 0 for any that is free.`;
  }
  if (code === 'EACCES' && port !== undefined) {
    return `This account may not listen on port ${port}. Set ${setting} to one above 1023.`;
  }
  return undefined;
}
