import type { Metadata } from '@grpc/grpc-js';
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';
import { join } from 'node:path';

const types = loadSync(join(__dirname, 'google-rpc.proto'), { keepCase: true, longs: Number });

interface Violation {
  readonly field: string;
  readonly description: string;
  readonly reason: string;
}

/** What `grpc-status-details-bin` says, read by another implementation than the one that has written it. */
export interface StatusDetails {
  readonly code: number;
  readonly reason: string | undefined;
  readonly requestId: string | undefined;
  readonly violations: readonly Violation[];
  readonly retryAfterSeconds: number | undefined;
}

function decode(type: string, bytes: Buffer): Record<string, unknown> {
  const message = types[`rpc.${type}`] as MessageTypeDefinition<object, object>;
  return message.deserialize(bytes) as Record<string, unknown>;
}

export function decodeStatusDetails(metadata: Metadata): StatusDetails {
  const [bytes] = metadata.get('grpc-status-details-bin');
  const { code, details = [] } = decode('Status', bytes as Buffer) as {
    code: number;
    details?: { type_url: string; value: Buffer }[];
  };
  const find = (type: string): Record<string, unknown> | undefined => {
    const any = details.find(({ type_url }) => type_url === `type.googleapis.com/google.rpc.${type}`);
    return any === undefined ? undefined : decode(type, any.value);
  };
  const info = find('ErrorInfo') as { reason: string; metadata: Record<string, string> } | undefined;
  return {
    code,
    reason: info?.reason,
    requestId: info?.metadata['request_id'],
    violations: (find('BadRequest')?.['field_violations'] ?? []) as Violation[],
    retryAfterSeconds: (find('RetryInfo')?.['retry_delay'] as { seconds: number } | undefined)?.seconds,
  };
}
