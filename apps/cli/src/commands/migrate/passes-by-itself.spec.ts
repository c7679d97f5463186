import { StoreRefusedError, StoreUnavailableError } from '@app/persistence';
import { passesByItself } from './passes-by-itself';

const unavailable = (sqlState?: string): Error => new StoreUnavailableError('', sqlState);

it.each([
  ['no answer of PostgreSQL', unavailable()],
  ['a PostgreSQL that starts', unavailable('57P03')],
  ['too many connections', unavailable('53300')],
])('%s is worth waiting', (_about, error) => {
  expect(passesByItself(error)).toBe(true);
});

it.each([
  ['a wrong password', unavailable('28P01')],
  ['a database that does not exist', unavailable('3D000')],
  ['a broken migration', unavailable('42601')],
  ['a migration that the rows refuse', new StoreRefusedError('', '23505')],
  ['a file that cannot be written', Object.assign(new Error('EACCES'), { code: 'EACCES' })],
])('%s is not', (_about, error) => {
  expect(passesByItself(error)).toBe(false);
});
