import { gzipSync } from 'node:zlib';
import { ProblemError } from '../../transport/problem';
import { toSegmentBatch, type SegmentBatch } from './segment-batch';

function batchOf(text: string): SegmentBatch {
  return toSegmentBatch(JSON.parse(text), text, 'batch');
}

function statusOf(text: string): number {
  try {
    batchOf(text);
    return 200;
  } catch (error) {
    return (error as ProblemError).problem.status;
  }
}

const ones = (messages: number): string => Array.from({ length: messages }, () => '1').join(',');
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('toSegmentBatch', () => {
  it.each([
    ['600 kB of spaces', `{"context":{${' '.repeat(600_000)}},"batch":[${ones(1000)}]}`],
    ['600 kB of one key', `{"context":{${'"a":1,'.repeat(100_000)}"a":1},"batch":[${ones(1000)}]}`],
    ['integrations', `{"integrations":{"a":"${'x'.repeat(10_000)}"},"batch":[${ones(1000)}]}`],
    ['both together', `{"integrations":[${ones(2500)}],"context":[${ones(2500)}],"batch":[${ones(1000)}]}`],
    ['escapes', `{"context":{"a":"${'\\u0061'.repeat(2000)}"},"batch":[${ones(1000)}]}`],
    ['text of three bytes a letter', `{"context":{"a":"${'ก'.repeat(4000)}"},"batch":[${ones(1000)}]}`],
    ['the last of two', `{"context":1,"c\\u006fntext":{"a":"${'x'.repeat(10_000)}"},"batch":[${ones(1000)}]}`],
  ])('refuses a small body that would become a large one: %s', (_about, text) => {
    expect(gzipSync(text).length).toBeLessThan(2000);
    expect(statusOf(text)).toBe(413);
  });

  it.each([
    [300, 20_000],
    [3000, 2000],
    [25_000, 300],
  ])('takes %d messages with a context of %d bytes', (messages, bytes) => {
    const { sharedBytes } = batchOf(`{"context":{"a":"${'x'.repeat(bytes)}"},"batch":[${ones(messages)}]}`);
    expect(sharedBytes).toBeGreaterThan(bytes);
  });

  it('counts no context but the last of a body, which is the one that counts', () => {
    expect(batchOf(`{"context":{"a":"${'x'.repeat(100_000)}"},"context":{},"batch":[${ones(1000)}]}`).sharedBytes).toBe(
      2,
    );
  });

  it.each([
    ['250 kB', `"${'x'.repeat(250_000)}"`],
    ['65 characters', `"${'x'.repeat(65)}"`],
    ['a list', nested(20_000)],
    ['a number', '1767225600'],
  ])('has no sentAt when it is %s, and takes the messages', (_about, sentAt) => {
    const batch = batchOf(`{"sentAt":${sentAt},"batch":[${ones(1000)}]}`);
    expect(batch.shared.sentAt).toBeUndefined();
    expect(batch.messages).toHaveLength(1000);
  });

  it.each(['context', 'integrations', 'sentAt'])('takes a %s of 20,000 levels: each message is judged by it', (key) => {
    expect(statusOf(`{"batch":[],"${key}":${nested(20_000)}}`)).toBe(200);
    expect(statusOf(`{"batch":[1],"${key}":{"a":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}}`)).toBe(200);
  });
});
