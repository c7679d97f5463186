import type { BadField } from '../bad-events';
import { httpDoor, type Door, type HttpMessage } from './door';

const path = '/api/v1/events';
const ATTRIBUTES: Partial<Record<BadField, string>> = {
  name: 'type',
  source: 'source',
  user_id: 'subject',
  occurred_at: 'time',
  data: 'data',
};
const GOOD: Readonly<Record<string, string>> = { specversion: '"1.0"', id: '"1"', source: '"/s"', type: '"t"' };

function structured(at: BadField, json: string): string | undefined {
  const attribute = ATTRIBUTES[at];
  if (attribute === undefined) return undefined;
  const members = Object.entries({ ...GOOD, [attribute]: json });
  return `{${members.map(([name, value]) => `"${name}":${value}`).join(',')}}`;
}

/** Of a text that UTF-8 can write, and so a header. */
function headerValue(json: string): string | undefined {
  const value: unknown = JSON.parse(json);
  if (typeof value !== 'string' || !value.isWellFormed()) return undefined;
  return encodeURIComponent(value);
}

function binary(at: BadField, json: string): HttpMessage | undefined {
  const attribute = ATTRIBUTES[at];
  if (attribute === undefined) return undefined;
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  for (const [name, value] of Object.entries(GOOD)) headers[`ce-${name}`] = headerValue(value) ?? '';
  if (at === 'data') return { path, headers, body: json };
  const value = headerValue(json);
  return value === undefined ? undefined : { path, headers: { ...headers, [`ce-${attribute}`]: value }, body: '{}' };
}

function withPrefix(words: Partial<Record<BadField, string>>, prefix: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(words).map(([field, word]) => [field, field === 'data' ? word : `${prefix}${word}`]),
  );
}

function inMode(name: string, type: string, body: (event: string) => string): Door {
  const headers = { 'Content-Type': type };
  return httpDoor({ name, refused: 422, words: withPrefix(ATTRIBUTES, '') }, (at, json) => {
    const event = structured(at, json);
    return event === undefined ? undefined : { path, headers, method: 'PUT', body: body(event) };
  });
}

export const cloudEventsDoors: readonly Door[] = [
  httpDoor({ name: 'a CloudEvent in headers', refused: 422, words: withPrefix(ATTRIBUTES, 'ce-') }, binary),
  inMode('a CloudEvent in JSON', 'application/cloudevents+json', (event) => event),
  inMode('a batch of CloudEvents', 'application/cloudevents-batch+json', (event) => `[${event}]`),
];
