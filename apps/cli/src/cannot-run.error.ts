/** The command could not do its work, or not to the end: its message is shown and the process ends with code 2. */
export class CannotRunError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
