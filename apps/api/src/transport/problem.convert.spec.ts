import { PinoLogger } from 'nestjs-pino';
import { TooManyErasuresError } from '@app/persistence';
import { toProblem } from './problem.convert';

it('tells who asks for too many erasures to come back, though trying again can help', () => {
  const problem = toProblem(new TooManyErasuresError(), 'r', new PinoLogger({}));
  expect(problem).toMatchObject({ status: 429, headers: { 'Retry-After': '5' } });
});
