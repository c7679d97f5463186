/** A field that an event can have, as the native door names it. */
export type BadField = 'event_id' | 'name' | 'source' | 'user_id' | 'occurred_at' | 'amount' | 'data';

/** One value that no door may take: the field, its JSON, which no program may have written, and what the refusal names. */
export type BadValue = readonly [about: string, at: BadField, json: string, field: string, code: string];

/** One native body that must be refused, and what the refusal names. */
export type BadEvent = readonly [about: string, body: string, field: string, code: string];

const nested = (levels: number): string => '{"a":'.repeat(levels - 1) + '{}' + '}'.repeat(levels - 1);

const labels = (['name', 'source', 'user_id'] as const).flatMap((at): BadValue[] => [
  [`NUL in ${at}`, at, '"a\\u0000b"', at, 'control_character'],
  [`a raw DEL in ${at}`, at, '"a\u007f"', at, 'control_character'],
  [`an escape sequence in ${at}`, at, '"\\u001b[31m"', at, 'control_character'],
  [`a high surrogate alone in ${at}`, at, '"\\ud83d"', at, 'lone_surrogate'],
  [`surrogates the wrong way round in ${at}`, at, '"\\ude00\\ud83d"', at, 'lone_surrogate'],
  [`201 characters in ${at}`, at, `"${'é'.repeat(201)}"`, at, 'length'],
  [`nothing in ${at}`, at, '""', at, 'length'],
  [`an object as ${at}`, at, '{"toString":1}', at, 'type'],
]);

const data: BadValue[] = [
  ['NUL in a value', 'data', '{"a":"\\u0000"}', 'data.a', 'nul'],
  ['NUL in a key', 'data', '{"a\\u0000":1}', 'data["a\\u0000"]', 'nul'],
  ['a lone surrogate in an array', 'data', '{"a":[1,{"b":"\\udfff"}]}', 'data.a[1].b', 'lone_surrogate'],
  ['a lone surrogate in a key', 'data', '{"\\ud800":1}', 'data["\\ud800"]', 'lone_surrogate'],
  ['33 levels', 'data', nested(33), `data${'.a'.repeat(32)}`, 'depth'],
  ['33 levels of arrays', 'data', `{"a":${'['.repeat(32)}${']'.repeat(32)}}`, `data.a${'[0]'.repeat(31)}`, 'depth'],
  ['100,000 levels', 'data', nested(100_000), `data${'.a'.repeat(32)}`, 'depth'],
  ['262,145 bytes', 'data', `{"a":"${'x'.repeat(262_144 - 7)}"}`, 'data', 'size'],
  ['1e400', 'data', '{"a":1e400}', 'data.a', 'number'],
  ['-1e400 deep down', 'data', '{"a":[[-1e400]]}', 'data.a[0][0]', 'number'],
  ['2^53', 'data', '{"a":9007199254740992}', 'data.a', 'number'],
  ['a number of 400 digits', 'data', `{"a":${'9'.repeat(400)}}`, 'data.a', 'number'],
  ['the last of two keys is the bad one', 'data', '{"a":1,"a":"\\u0000"}', 'data.a', 'nul'],
  ['NUL below __proto__', 'data', '{"__proto__":{"a":"\\u0000"}}', 'data.__proto__.a', 'nul'],
];

const amounts: BadValue[] = [
  ['10^18', 'amount', '1e18', 'amount', 'range'],
  ['-10^18', 'amount', '-1e18', 'amount', 'range'],
  ['1e400', 'amount', '1e400', 'amount', 'number'],
  ['ten decimals', 'amount', '0.0123456789', 'amount', 'decimals'],
  ['5e-324', 'amount', '5e-324', 'amount', 'decimals'],
  ['digits as text', 'amount', '"1"', 'amount', 'type'],
  ['true', 'amount', 'true', 'amount', 'type'],
];

const times = [
  '2026-02-30T00:00:00Z',
  '2026-01-01T00:00:00',
  '2026-01-01',
  '2026-01-01 00:00:00Z',
  '2026-12-31T23:59:60Z',
  '2026-01-01T24:00:00Z',
  '0000-12-31T23:59:59Z',
  '-000001-01-01T00:00:00Z',
  '+012026-01-01T00:00:00Z',
  'Thu, 01 Jan 2026 00:00:00 GMT',
  'now',
  "2026-01-01T00:00:00Z'; DROP TABLE events; --",
  '',
].map((time): BadValue => [JSON.stringify(time), 'occurred_at', JSON.stringify(time), 'occurred_at', 'format']);

const ahead: BadValue[] = [
  ['year 9999', 'occurred_at', '"9999-12-31T23:59:59.999Z"', 'occurred_at', 'future'],
  ['a number', 'occurred_at', '1767225600', 'occurred_at', 'type'],
];

const ids = [
  '0192f0c1-2345-7abc-8def-0123456789a',
  '0192f0c1-2345-7abc-8def-0123456789abc',
  '0192f0c123457abc8def0123456789ab',
  '{0192f0c1-2345-7abc-8def-0123456789ab}',
  'urn:uuid:0192f0c1-2345-7abc-8def-0123456789ab',
  '0192f0c1-2345-7abc-8def-0123456789ag',
  '0192f0c1-2345-7abc-8def-0123456789ab ',
  '٠192f0c1-2345-7abc-8def-0123456789ab',
  '1',
  '',
].map((id): BadValue => [JSON.stringify(id), 'event_id', JSON.stringify(id), 'event_id', 'format']);

/** The families of values that every door refuses, as far as it has a way to say them. */
export const badValues: Readonly<Record<string, readonly BadValue[]>> = {
  'a label': labels,
  data,
  'an amount': amounts,
  'a time': [...times, ...ahead],
  'an id': ids,
};

/** A native body with one field of this JSON and nothing else wrong. */
export function nativeBody(at: BadField, json: string): string {
  return at === 'name' ? `{"name":${json}}` : `{"name":"n","${at}":${json}}`;
}

/** What is wrong with a native body in ways that other doors do not know. */
const members: BadEvent[] = [
  ['an array as data', '{"name":"n","data":[]}', 'data', 'type'],
  ['an unknown field', '{"name":"n","colour":1}', 'colour', 'unknown_field'],
  ['__proto__', '{"name":"n","__proto__":{"name":"x"}}', '__proto__', 'unknown_field'],
  ['constructor', '{"name":"n","constructor":{"prototype":{}}}', 'constructor', 'unknown_field'],
  ['what only the server sets', '{"name":"n","project_id":2}', 'project_id', 'unknown_field'],
  ['two names of one field', '{"name":"n","event_type":"m"}', 'event_type', 'conflict'],
  ['no name', '{}', 'name', 'required'],
  ['the last of two names is bad', '{"name":"n","name":7}', 'name', 'type'],
];

/** The same as native bodies, each parsed well as JSON and refused with 422. */
export const badEvents: Readonly<Record<string, readonly BadEvent[]>> = {
  ...Object.fromEntries(
    Object.entries(badValues).map(([family, values]) => [
      family,
      values.map(([about, at, json, field, code]): BadEvent => [about, nativeBody(at, json), field, code]),
    ]),
  ),
  'its members': members,
};

/** Bodies that are no JSON, which only the request as a whole can be blamed for: 400. */
export const brokenBodies: readonly (readonly [about: string, body: string | Buffer])[] = [
  ['is empty', ''],
  ['ends too soon', '{"name":"n"'],
  ['goes on after its end', '{"name":"n"}{"name":"n"}'],
  ['has a raw NUL', '{"name":"n\0"}'],
  ['has a raw line feed in a string', '{"name":"a\nb"}'],
  ['has a lone quote', '"'],
  ['writes NaN', '{"name":"n","amount":NaN}'],
  ['writes a number with a leading zero', '{"name":"n","amount":01}'],
  ['has a comment', '{"name":"n"/* */}'],
  ['is UTF-16', Buffer.from('\ufeff{"name":"n"}', 'utf16le')],
  ['has an overlong NUL', Buffer.from([...Buffer.from('{"name":"'), 0xc0, 0x80, ...Buffer.from('"}')])],
  ['has a surrogate in UTF-8', Buffer.from([...Buffer.from('{"name":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')])],
  ['has a byte that is no UTF-8', Buffer.from([...Buffer.from('{"name":"'), 0xff, ...Buffer.from('"}')])],
  ['is a million brackets', '['.repeat(1_000_000)],
];

/** Texts that mean something to SQL, shells, logs, pages or formats; to an event they are text. */
export const injections: readonly string[] = [
  "'; DROP TABLE events; --",
  "' OR '1'='1",
  '$1',
  '\\\'"`;\\',
  '${jndi:ldap://x/y}',
  '$(id)',
  '{{7*7}}',
  '<script>alert(1)</script>',
  '../../etc/passwd',
  '%00%0a%s%n',
  '=1+1',
  '{"$gt":""}',
  '\\u0000',
  '\\N',
  'NULL',
  '\u202eabc',
  'ﷺ'.repeat(20),
];
