import { PipelineError } from '@app/events';
import { QueryFailedError, QueryRunnerAlreadyReleasedError } from 'typeorm';
import { StoreRefusedError, StoreUnavailableError, endsTheSession, translateDatabaseError } from './store-error';

/** An error as the server sends it, wrapped as TypeORM wraps it. */
function serverError(code: string, members: Record<string, string> = {}): QueryFailedError {
  const error = Object.assign(new Error('the server quotes secret-value'), { code, severity: 'ERROR', ...members });
  return new QueryFailedError('INSERT INTO events …', ['secret-value'], error);
}

it.each([
  ['08006', 'connection failure'],
  ['08P01', 'protocol violation'],
  ['25006', 'the server became a replica'],
  ['25P03', 'idle in a transaction too long'],
  ['25P04', 'a transaction that took too long'],
  ['28P01', 'another password'],
  ['3D000', 'the database is gone'],
  ['40001', 'serialization failure'],
  ['40P01', 'deadlock'],
  ['42501', 'a right was taken away'],
  ['42P01', 'a table is missing'],
  ['53100', 'disk full'],
  ['53200', 'out of memory'],
  ['53300', 'too many connections'],
  ['55P03', 'lock not available'],
  ['57014', 'statement timeout'],
  ['57P01', 'shutdown by the operator'],
  ['57P02', 'crash of a neighbour'],
  ['57P03', 'starting up'],
  ['57P04', 'database dropped'],
  ['58030', 'input or output error'],
  ['XX000', 'internal error'],
])('takes SQLSTATE %s (%s) for an outage: no event is guilty of it', (code) => {
  const error = translateDatabaseError(serverError(code));
  expect(error).toBeInstanceOf(StoreUnavailableError);
  expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retriable: true, sqlState: code });
});

it.each([
  ['22001', 'too long'],
  ['22003', 'number out of range'],
  ['22007', 'no date'],
  ['22021', 'invalid byte sequence'],
  ['22P02', 'invalid text representation'],
  ['22P05', 'untranslatable character'],
  ['23502', 'not null'],
  ['23505', 'unique'],
  ['23514', 'check'],
  ['44000', 'check of a view'],
  ['54000', 'program limit'],
  ['54001', 'too deep'],
])('takes SQLSTATE %s (%s) for a refusal of the values', (code) => {
  const error = translateDatabaseError(serverError(code, { table: 'events', constraint: 'events_pkey' }));
  expect(error).toBeInstanceOf(StoreRefusedError);
  expect(error).toMatchObject({ code: 'STORE_REFUSED', retriable: false, sqlState: code });
  expect(error.message).toContain(`${code}, table events, constraint events_pkey`);
});

it.each([
  Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' }),
  Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
  Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }),
  Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }),
  Object.assign(new Error('connect ENOENT'), { code: 'ENOENT' }),
  new AggregateError([new Error('connect ECONNREFUSED ::1'), new Error('connect ECONNREFUSED 127.0.0.1')]),
  new Error('Query read timeout'),
  new Error('timeout exceeded when trying to connect'),
  new Error('Connection terminated unexpectedly'),
  new Error('Connection terminated due to connection timeout'),
  new Error('Client has encountered a connection error and is not queryable'),
  new Error('Cannot use a pool after calling end on the pool'),
  new QueryRunnerAlreadyReleasedError(),
])('takes what the driver says of the connection for an outage that ends the session: %s', (cause) => {
  const error = translateDatabaseError(cause);
  expect(error).toBeInstanceOf(StoreUnavailableError);
  expect(error).toMatchObject({ sqlState: undefined, cause });
  expect(endsTheSession(error)).toBe(true);
});

it.each([new TypeError('x is not a function'), new RangeError('out of range'), new SyntaxError('bad JSON')])(
  'leaves a bug what it is: %s',
  (bug) => {
    expect(translateDatabaseError(bug)).toBe(bug);
    expect(endsTheSession(bug)).toBe(false);
  },
);

it('leaves an error that has its name already as it is', () => {
  class NamedError extends PipelineError {
    readonly code = 'NAMED';
    readonly retriable = false;
  }
  const error = new NamedError('named');
  expect(translateDatabaseError(error)).toBe(error);
});

it.each(['08006', '57P01', '25P03', '25P04'])('gives up the connection after %s', (code) => {
  expect(endsTheSession(translateDatabaseError(serverError(code)))).toBe(true);
});

it.each(['40001', '40P01', '55P03', '57014', '42P01', '22P02', '23505'])('keeps the connection after %s', (code) => {
  expect(endsTheSession(translateDatabaseError(serverError(code)))).toBe(false);
});

it('shows no value of a row: not in the message, not in what a logger makes of the cause', () => {
  const members = { detail: 'Key (id)=(secret-value)', where: 'secret-value', hint: 'secret-value' };
  const error = translateDatabaseError(serverError('23505', members));
  expect(error.message).not.toContain('secret-value');
  expect(JSON.stringify(error.cause)).not.toContain('secret-value');
  expect(JSON.stringify(error)).not.toContain('secret-value');
});
