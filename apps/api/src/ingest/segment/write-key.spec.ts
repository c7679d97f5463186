import type { IncomingMessage } from 'node:http';
import { bodyKey, headerKey } from './write-key';

const basic = (user: string): string => `Basic ${Buffer.from(`${user}:`).toString('base64')}`;

function keyOf(headers: Record<string, string>): string | undefined {
  return headerKey({ headers } as unknown as IncomingMessage);
}

function keyIn(text: string): string | undefined {
  return bodyKey({ headers: {} } as IncomingMessage, text);
}

describe('headerKey', () => {
  it.each([
    [{ authorization: basic('one'), 'x-api-key': 'two' }, 'one'],
    [{ authorization: basic(''), 'x-api-key': 'two' }, ''],
    [{ authorization: 'Basic', 'x-api-key': 'two' }, ''],
    [{ authorization: 'basic  b25lOg==' }, 'one'],
    [{ authorization: 'Bearer one', 'x-api-key': 'two' }, 'one'],
    [{ authorization: 'Bearer ', 'x-api-key': 'two' }, ''],
    [{ authorization: 'Digest one', 'x-api-key': 'two' }, 'two'],
    [{ 'x-api-key': 'two' }, 'two'],
    [{}, undefined],
  ])('takes the first place where a key can be, right or wrong: %j', (headers, key) => {
    expect(keyOf(headers as Record<string, string>)).toBe(key);
  });
});

describe('bodyKey', () => {
  it.each([
    ['{"writeKey":"k"}', 'k'],
    [' { "a" : [ { "writeKey" : "x" } , "}" ] , "writeKey" : "k" } ', 'k'],
    ['{"writeKey":"a","write\\u004bey":"k\\u0021"}', 'k!'],
    ['{"batch":[{"writeKey":"x"}]}', undefined],
    ['{"writeKey":["x"]}', undefined],
    ['{"writeKey":7}', undefined],
    ['[{"writeKey":"x"}]', undefined],
    ['"writeKey"', undefined],
  ])('is the member of the body itself, as a parser takes it: %s', (text, key) => {
    expect(keyIn(text)).toBe(key);
    const parsed = JSON.parse(text) as { readonly writeKey?: unknown };
    expect(typeof parsed.writeKey === 'string' ? parsed.writeKey : undefined).toBe(key);
  });

  it.each([
    '',
    '{',
    '{"',
    '{"a',
    '{"a\\',
    '{"\\x":1}',
    '{:',
    '{,',
    '{]',
    '{"writeKey":"',
    '{"writeKey":"\\x"}',
    '{"writeKey"',
  ])('is none in what is no JSON: %j', (text) => {
    expect(keyIn(text)).toBeUndefined();
  });

  it.each([
    ['nested', `{"a":${'['.repeat(250_000)}${']'.repeat(250_000)},"writeKey":"k"}`],
    ['of many members', `{${'"a":1,'.repeat(80_000)}"writeKey":"k"}`],
    ['of spaces', `{${' '.repeat(500_000)}"writeKey":"k"}`],
  ])('is found in half a megabyte, %s', (_about, text) => {
    expect(keyIn(text)).toBe('k');
  });
});
