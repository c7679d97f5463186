import { FieldErrors, isObject, JsonText, type JsonObject, type JsonValue, type Path } from '@app/events';

/** What a CloudEvent carries, in the shape of our `data`. */
export interface Payload {
  readonly data: JsonObject | undefined;
  /** The member under which it was sent. */
  readonly key: 'data' | 'data_base64';
  /** It was no object, and so became the member `value` of one. */
  readonly wrapped: boolean;
  /** Where it stands in the request's JSON; undefined when it did not come as JSON. */
  readonly text?: { readonly json: JsonText; readonly path: Path };
}

export const NO_PAYLOAD: Payload = { data: undefined, key: 'data', wrapped: false };

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

export function jsonPayload(value: JsonValue, json: JsonText, path: Path): Payload {
  if (isObject(value)) return { data: value, key: 'data', wrapped: false, text: { json, path } };
  return { data: { value }, key: 'data', wrapped: true, text: { json, path } };
}

export function textPayload(text: string): Payload {
  return { data: { value: text }, key: 'data', wrapped: true };
}

export function bytesPayload(bytes: Buffer): Payload {
  return base64Payload(bytes.toString('base64'));
}

function base64Payload(text: string): Payload {
  return { data: { data_base64: text }, key: 'data_base64', wrapped: false };
}

/** The payload of an event in JSON: `data` or `data_base64`; both, or no base64, are added to `errors`. */
export function payloadOf(event: JsonObject, json: JsonText, path: Path, errors: FieldErrors): Payload {
  const base64 = event['data_base64'] ?? undefined;
  const data = event['data'];
  if (base64 === undefined) return data === undefined ? NO_PAYLOAD : jsonPayload(data, json, [...path, 'data']);
  if (data !== undefined && data !== null) {
    errors.add(['data_base64'], 'conflict', 'and data are two forms of one payload; send one of them');
  } else if (typeof base64 !== 'string') errors.add(['data_base64'], 'type', 'must be a string');
  else if (base64.length % 4 !== 0 || !BASE64.test(base64)) {
    errors.add(['data_base64'], 'format', 'must be Base64 (RFC 4648, section 4) with its padding');
  } else return base64Payload(base64);
  return NO_PAYLOAD;
}
