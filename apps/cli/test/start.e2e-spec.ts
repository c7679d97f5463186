import { readEnvironment } from '@app/config';
import { CliProcess } from './cli-process';

it('millrace start runs the whole service: what it says and its exit code are those of npm start', async () => {
  const environment = { PATH: readEnvironment()['PATH'] ?? '', PORT: 'http' };
  const { code, stderr } = await new CliProcess(['start'], environment).result;
  expect(stderr).toContain('PORT must be a whole number');
  expect(code).toBe(1);
});
