import { carriesCloudEvents, contentModeOf } from './content-mode';

describe('the mode of a request', () => {
  it.each([
    ['application/cloudevents+json', 'structured'],
    ['application/cloudevents+json; charset=UTF-8', 'structured'],
    ['Application/CloudEvents+JSON;charset="utf-8"', 'structured'],
    ['application/cloudevents-batch+json', 'batched'],
    ['application/cloudevents-batch+json ; charset=utf8', 'batched'],
  ])('%s is %s', (type, mode) => {
    expect(carriesCloudEvents({ 'content-type': type })).toBe(true);
    expect(contentModeOf({ 'content-type': type })).toBe(mode);
  });

  it.each(['ce-id', 'ce-source', 'ce-specversion', 'ce-type'])('is binary with %s, whatever the body is', (header) => {
    for (const type of ['application/json', 'text/plain', undefined]) {
      const headers = { ...(type !== undefined && { 'content-type': type }), [header]: 'x' };
      expect(carriesCloudEvents(headers)).toBe(true);
      expect(contentModeOf(headers)).toBe('binary');
    }
  });

  it('goes by Content-Type when the headers speak of an event, too', () => {
    expect(contentModeOf({ 'content-type': 'application/cloudevents+json', 'ce-id': '1' })).toBe('structured');
  });

  it.each(['application/json', 'application/x-ndjson', 'application/cloud', undefined])(
    'is none of ours with %s alone',
    (type) => {
      expect(carriesCloudEvents(type === undefined ? {} : { 'content-type': type })).toBe(false);
    },
  );

  it.each([
    'application/cloudevents',
    'application/cloudevents+avro',
    'application/cloudevents-batch',
    'application/cloudevents-batch+xml',
    'application/cloudevents+json2',
    'application/cloudevents+json; charset=utf-16',
  ])('%s is refused', (type) => {
    expect(carriesCloudEvents({ 'content-type': type })).toBe(true);
    expect(() => contentModeOf({ 'content-type': type })).toThrow(
      expect.objectContaining({ problem: expect.objectContaining({ status: 415 }) as object }) as Error,
    );
  });
});
