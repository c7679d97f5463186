import { isNativeError } from 'node:util/types';
import { PipelineError } from '@app/events';
import { QueryFailedError, QueryRunnerAlreadyReleasedError, TypeORMError } from 'typeorm';

/**
 * PostgreSQL did not do it now: away, restarting, overloaded, too slow, locked, or set up wrongly (a missing right, an
 * older schema). Nothing is wrong with the rows: the same call succeeds once the database is well again.
 */
export class StoreUnavailableError extends PipelineError {
  readonly code = 'STORE_UNAVAILABLE';
  readonly retriable = true;

  constructor(
    message: string,
    /** Undefined when the server did not answer at all. */
    readonly sqlState: string | undefined,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** PostgreSQL will never take these values. When it came from a batch, a part of it may still be taken. */
export class StoreRefusedError extends PipelineError {
  readonly code = 'STORE_REFUSED';
  readonly retriable = false;

  constructor(
    message: string,
    readonly sqlState: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * What a row can be guilty of: data exception, constraint violation, view check, program limit. A closed list, since
 * everything else (a missing table, a lost right, a server that has become a replica, a full disk) would turn each
 * event of the topic into a dead letter.
 */
const REFUSED_CLASSES: ReadonlySet<string> = new Set(['22', '23', '44', '54']);

/** After these the session goes on; after any other failure that is not the row's fault it is not to be trusted. */
const SESSION_SURVIVES: ReadonlySet<string> = new Set(['40001', '40P01', '53100', '53200', '55P03', '57014']);

const BUGS: ReadonlySet<string> = new Set(['TypeError', 'RangeError', 'SyntaxError', 'ReferenceError']);

/**
 * Gives an error of the driver our name, with the driver's error as `cause`. The message holds no values: neither
 * the parameters nor the server's own text, which quotes rows.
 *
 * What is not the database's (a bug of ours, an error that has its name already) comes back as it is.
 */
export function translateDatabaseError(error: unknown): Error {
  // Not `instanceof`: the system's errors come from another realm where code runs in a context of its own, as in jest.
  if (!isNativeError(error)) return new TypeError('Something was thrown that is no Error.', { cause: error });
  // TypeORM's wrapper carries the parameters of the statement, and with them whole events.
  if (error instanceof QueryFailedError) return translateDatabaseError(error.driverError);
  if (error instanceof PipelineError || isBug(error)) return error;
  const sqlState = sqlStateOf(error);
  if (sqlState === undefined) {
    return new StoreUnavailableError(`PostgreSQL cannot be reached (${reasonOf(error)}).`, undefined, { cause: error });
  }
  if (REFUSED_CLASSES.has(sqlState.slice(0, 2))) {
    const place = placeOf(error);
    return new StoreRefusedError(`PostgreSQL refused the values (SQLSTATE ${sqlState}${place}).`, sqlState, {
      cause: withoutValues(error),
    });
  }
  return new StoreUnavailableError(`PostgreSQL could not do it now (SQLSTATE ${sqlState}).`, sqlState, {
    cause: error,
  });
}

/** True when the connection that raised it must not be used again, not even for a ROLLBACK. */
export function endsTheSession(error: unknown): boolean {
  if (!(error instanceof StoreUnavailableError)) return false;
  const { sqlState } = error;
  return sqlState === undefined || !(SESSION_SURVIVES.has(sqlState) || sqlState.startsWith('42'));
}

function isBug(error: Error): boolean {
  if (error instanceof TypeORMError) return !(error instanceof QueryRunnerAlreadyReleasedError);
  return BUGS.has(error.name);
}

function sqlStateOf(error: Error): string | undefined {
  // A system error has a `code` too, `EPIPE` even of the same length; only the server's own have a severity.
  if (!('code' in error && 'severity' in error)) return undefined;
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

/** Names of the schema are safe to show, and tell most about a refusal. */
function placeOf(error: Error): string {
  const named = (['table', 'column', 'constraint'] as const).flatMap((member) => {
    const name: unknown = member in error ? (error as unknown as Record<string, unknown>)[member] : undefined;
    return typeof name === 'string' ? [`, ${member} ${name}`] : [];
  });
  return named.join('');
}

function reasonOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

/** `detail`, `where` and `hint` quote the row, and loggers write the members of a cause. */
function withoutValues(error: Error): Error {
  return Object.assign(error, { detail: undefined, where: undefined, hint: undefined });
}
