import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CliConfig } from '@app/config';
import { resolveEndpoint } from './endpoint';

describe('resolveEndpoint', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
  const empty: CliConfig = { url: undefined, key: undefined, dataDir: join(dataDir, 'nowhere') };
  const beside: CliConfig = { ...empty, dataDir };
  const leave = (content: unknown): void => {
    writeFileSync(join(dataDir, 'cli.json'), typeof content === 'string' ? content : JSON.stringify(content));
  };

  beforeEach(() => {
    leave({ url: 'http://127.0.0.1:3000', grpc: '127.0.0.1:50051', key: 'local', pid: process.pid });
  });
  afterAll(() => {
    rmSync(dataDir, { recursive: true });
  });

  it('prefers flags to the environment and the environment to what runs here', () => {
    const config = { ...beside, url: 'http://env', key: 'from-env' };
    expect(resolveEndpoint({ url: 'http://flag', key: 'from-flag' }, config)).toEqual({
      url: 'http://flag',
      key: 'from-flag',
    });
    expect(resolveEndpoint({}, config)).toEqual({ url: 'http://env', key: 'from-env' });
    expect(resolveEndpoint({}, beside)).toEqual({ url: 'http://127.0.0.1:3000', key: 'local' });
    expect(resolveEndpoint({ key: 'mine' }, beside)).toEqual({ url: 'http://127.0.0.1:3000', key: 'mine' });
  });

  it('shows the local key to the local address only', () => {
    expect(resolveEndpoint({ url: 'http://127.0.0.1:3000/' }, beside).key).toBe('local');
    expect(() => resolveEndpoint({ url: 'http://elsewhere' }, beside)).toThrow('no key for http://elsewhere');
  });

  it('says what is missing', () => {
    expect(() => resolveEndpoint({}, empty)).toThrow('give --url (or MILLRACE_URL) and --key (or MILLRACE_KEY)');
    expect(() => resolveEndpoint({ url: 'http://x' }, empty)).toThrow('give --key (or MILLRACE_KEY)');
    expect(() => resolveEndpoint({ url: 'localhost:3000', key: 'k' }, empty)).toThrow('must begin with http://');
  });

  it('says that the process which left the file is gone', () => {
    leave({ url: 'http://127.0.0.1:3000', key: 'local', pid: 2 ** 22 + 1 });
    expect(() => resolveEndpoint({}, beside)).toThrow('does not run any more');
  });

  it.each(['{', '{}', 'null', '{"url":1,"key":"k","pid":1}'])('says that the file %s is of no use', (content) => {
    leave(content);
    expect(() => resolveEndpoint({}, beside)).toThrow('does not hold url, key and pid');
  });
});
