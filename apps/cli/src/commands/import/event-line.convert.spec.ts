import { eventJsonFromLine } from './event-line.convert';

const noId = (): string => {
  throw new Error('The line has an id.');
};
const jsonOf = (line: string, id = noId): string => {
  const converted = eventJsonFromLine(line, id);
  if (!converted.ok) throw new Error(JSON.stringify(converted.errors));
  return converted.json;
};

describe('a line of NDJSON', () => {
  it('keeps every character of what is an event, and leaves out what only exports have', () => {
    const line =
      '{"event_id":"e", "name" : "n","received_at":"r","amount":1.50,"data":{"received_at":1e400,"context":9007199254740993},"context":{"a":[1,{"b":"}"}]},"stored_at":null}';
    expect(jsonOf(line)).toBe(
      '{"event_id":"e","name" : "n","amount":1.50,"data":{"received_at":1e400,"context":9007199254740993}}',
    );
  });

  it.each(['{"name":"n"}', '{"name":"n","event_id":null}', '\ufeff{"name":"n"}'])('%s gets an id', (line) => {
    expect(JSON.parse(jsonOf(line, () => 'made'))).toEqual({ name: 'n', event_id: 'made' });
  });

  it('without anything is an event with an id, for the API to judge', () => {
    expect(jsonOf('{}', () => 'made')).toBe('{"event_id":"made"}');
  });

  it.each([
    ['{"name":', 'is not JSON'],
    ['name,data', 'is not JSON'],
    ['[{}]', 'must be a JSON object'],
    ['null', 'must be a JSON object'],
    ['1', 'must be a JSON object'],
  ])('that is %s is refused', (line, message) => {
    expect(eventJsonFromLine(line, noId)).toMatchObject({ ok: false, errors: [{ field: '', message }] });
  });
});
