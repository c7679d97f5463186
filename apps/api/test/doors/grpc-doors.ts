import type { BadField } from '../bad-events';
import { GrpcClient } from '../grpc-client';
import { decodeStatusDetails } from '../grpc-status-details';
import type { Door, Refusal, Target } from './door';

/** Of a text that UTF-8 can write; the empty one is the same as none. */
function text(json: string): string | undefined {
  const value: unknown = JSON.parse(json);
  return typeof value === 'string' && value !== '' && value.isWellFormed() ? value : undefined;
}

/** The value in the type that its field has in the protocol; undefined when it cannot be of that type. */
function wireValue(at: BadField, json: string): unknown {
  if (at === 'data') return json;
  if (at === 'amount') {
    const value: unknown = JSON.parse(json);
    return typeof value === 'number' ? value : undefined;
  }
  if (at !== 'occurred_at') return text(json);
  return json.startsWith('"9999') ? { seconds: 253_402_300_799, nanos: 0 } : undefined;
}

function eventOf(at: BadField, json: string): object | undefined {
  const value = wireValue(at, json);
  return value === undefined ? undefined : { name: 'n', [at === 'data' ? 'data_json' : at]: value };
}

async function publish(address: string, { key }: Target, requestId: string, event: object): Promise<Refusal> {
  const client = new GrpcClient(address, key);
  try {
    const end = await client.publish({ event }, { metadata: { 'x-request-id': requestId } });
    if (end.code === 'OK') return { status: end.code, errors: [] };
    const { violations } = decodeStatusDetails(end.metadata);
    return { status: end.code, errors: violations.map(({ field, reason }) => ({ field, code: reason })) };
  } finally {
    client.close();
  }
}

export const grpcDoor: Door = {
  name: 'gRPC',
  refused: 'INVALID_ARGUMENT',
  path: (field) => `event.${field.replace(/^data/, 'data_json')}`,
  send: (target, requestId, at, json) => {
    const event = eventOf(at, json);
    return event === undefined || target.grpc === undefined
      ? undefined
      : publish(target.grpc, target, requestId, event);
  },
};
