import { ProblemError } from '../../transport/problem';
import { readUrlOptions } from './ingest-options';

it.each([
  ['/api/v1/events', { atomic: false, waitStored: false }],
  ['/api/v1/events?', { atomic: false, waitStored: false }],
  ['/api/v1/events?atomic=true', { atomic: true, waitStored: false }],
  ['/api/v1/events?atomic=false&wait=stored', { atomic: false, waitStored: true }],
])('%s asks for %j', (url, options) => {
  expect(readUrlOptions(url)).toEqual(options);
});

it.each([
  ['/api/v1/events?wait=true', 'wait', 'type'],
  ['/api/v1/events?wait=', 'wait', 'type'],
  ['/api/v1/events?atomic=1', 'atomic', 'type'],
  ['/api/v1/events?wait=stored&waits=1', 'waits', 'unknown_field'],
])('%s is refused', (url, field, code) => {
  const refused = expect.objectContaining({ problem: expect.objectContaining({ status: 422 }) as unknown }) as Error;
  expect(() => readUrlOptions(url)).toThrow(refused);
  try {
    readUrlOptions(url);
  } catch (error) {
    expect((error as ProblemError).problem.errors).toMatchObject([{ field, code }]);
  }
});
