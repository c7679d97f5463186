/** Root of what this library refuses: the message says what is wrong and what to do, for the person at the terminal. */
export abstract class EmbeddedError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Another live process works on the folder. */
export class FolderInUseError extends EmbeddedError {
  readonly code = 'FOLDER_IN_USE';

  constructor(
    readonly folder: string,
    readonly pid: number,
  ) {
    super(`The data folder ${folder} is in use by process ${pid}.`);
  }
}

/** No server can run on this machine, or on this folder, until somebody changes something. */
export class ServerUnavailableError extends EmbeddedError {
  readonly code = 'SERVER_UNAVAILABLE';
}

/** The server ended before it took connections. */
export class ServerEndedError extends EmbeddedError {
  readonly code = 'SERVER_ENDED';

  /** @param serverLog what the server wrote since it was started. */
  constructor(
    message: string,
    readonly serverLog: string,
  ) {
    super(serverLog === '' ? message : `${message}\n${serverLog}`);
  }
}
