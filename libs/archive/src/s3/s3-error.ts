import { PipelineError } from '@app/events';
import { SegmentGoneError, SegmentUnavailableError } from '../archive.error';

interface S3Failure {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Of a server that says: later. 400 with a name of its own is one of them. */
const PASSING_STATUS: ReadonlySet<number> = new Set([408, 429]);
const PASSING_NAMES: ReadonlySet<string> = new Set(['RequestTimeout', 'RequestTimeTooSkewed']);

/** Nobody answered, and nobody will before somebody changes the settings. */
const LASTING_NAMES: ReadonlySet<string> = new Set(['CredentialsProviderError', 'TypeError', 'RangeError']);

const GONE_NAMES: ReadonlySet<string> = new Set(['NoSuchKey', 'NotFound']);

/** Of this machine's files: the next try meets the same disk. */
const LASTING_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'ENOENT', 'EIO']);

/** Whether the same request may succeed a moment later. */
export function isPassing(error: unknown): boolean {
  if (error instanceof PipelineError) return false;
  const { name = '', code = '', $metadata } = error as S3Failure;
  const status = $metadata?.httpStatusCode;
  // An answer that broke off in its middle has a status too, and it is not an error's.
  if (status === undefined || status < 400) return !LASTING_NAMES.has(name) && !LASTING_CODES.has(code);
  return status >= 500 || PASSING_STATUS.has(status) || PASSING_NAMES.has(name);
}

/**
 * Says what S3 said. Not with the client's error as cause: what a server answers to a wrong signature, with the id of the key and
 * what was signed, is among its properties.
 */
export function toUnavailable(error: unknown, bucket: string, what: string): PipelineError {
  if (error instanceof PipelineError) return error;
  const { name = 'Error', message = '', code, $metadata } = error as S3Failure;
  const status = $metadata?.httpStatusCode;
  const facts = [name === 'Error' ? undefined : name, code, status].filter((fact) => fact !== undefined);
  const said = message === '' || message === 'UnknownError' ? '' : `: ${message}`;
  // HEAD says NotFound of a missing bucket, too.
  const UnavailableError = GONE_NAMES.has(name) ? SegmentGoneError : SegmentUnavailableError;
  return new UnavailableError(`Bucket ${bucket}, ${what}: ${facts.join(' ')}${said}`);
}
