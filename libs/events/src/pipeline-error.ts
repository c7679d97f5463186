/**
 * Root of every error that this service names itself. A driver's error becomes one of these where the driver is
 * called, always with `cause`; each transport turns `code` into its own status in one place.
 */
export abstract class PipelineError extends Error {
  /** Public contract: stable, for programs. The message is for people. */
  abstract readonly code: string;
  /** True when the same call may succeed later without any change: pause and try again, do not commit the offset. */
  abstract readonly retriable: boolean;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
