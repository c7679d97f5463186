import { toStderr } from './log-line';

/** Aborted by the first Ctrl-C, which is answered with `notice`. */
export function interruptOnSigint(notice: string): AbortSignal {
  const controller = new AbortController();
  // Once: a second Ctrl-C ends the process at once, as if nobody listened.
  process.once('SIGINT', () => {
    toStderr(`interrupted: ${notice}; Ctrl-C again ends at once`);
    controller.abort();
  });
  return controller.signal;
}
