/** What `idle-connections.ts` needs of a file that kafkajs does not export. Version 2.2.4 is pinned. */
declare module 'kafkajs/src/network/requestQueue' {
  class RequestQueue {
    readonly pending: readonly unknown[];
    /** Milliseconds since the epoch; below now: not throttled. */
    readonly throttledUntil: number;
    scheduleCheckPendingRequests: (this: RequestQueue) => void;
  }
  export = RequestQueue;
}

/** What `produce-encoding.ts` needs. */
declare module 'kafkajs/src/protocol/requests' {
  export interface ProtocolRequest {
    readonly request: {
      readonly apiVersion: number;
      encode: () => Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
    };
    readonly response: unknown;
  }
  interface Versions {
    protocol(options: { readonly version: number }): (args: unknown) => ProtocolRequest;
  }
  export const requests: { readonly Produce: Versions };
}
declare module 'kafkajs/src/protocol/requests/apiKeys' {
  export const Produce: number;
}
declare module 'kafkajs/src/broker' {
  import type { ProtocolRequest } from 'kafkajs/src/protocol/requests';
  class Broker {
    produce: (this: Broker, args: import('./produce-body').ProduceBody) => Promise<unknown>;
    readonly lookupRequest: (apiKey: number, versions: unknown) => (args: unknown) => ProtocolRequest;
    readonly connectionPool: { send(protocol: ProtocolRequest): Promise<unknown> };
    disconnect(): Promise<void>;
  }
  export = Broker;
}

/** What `fetch-decoding.ts` replaces. */
declare module 'kafkajs/src/protocol/requests/fetch/v11/response' {
  const response: { decode: (bytes: Buffer) => Promise<import('./fetch-decoding').FetchResponse> };
  export = response;
}

declare module 'kafkajs/src/protocol/error' {
  export function createErrorFromCode(code: number): Error;
}

/** What `record-batch.spec.ts` compares with. */
declare module 'kafkajs/src/protocol/decoder' {
  class Decoder {
    constructor(buffer: Buffer);
    readInt32(): number;
  }
  export = Decoder;
}
declare module 'kafkajs/src/protocol/recordBatch/v0/decoder' {
  import type Decoder from 'kafkajs/src/protocol/decoder';
  import type { KafkaMessage } from 'kafkajs';
  const decode: (decoder: Decoder) => Promise<{ readonly records: readonly KafkaMessage[] }>;
  export = decode;
}
declare module 'kafkajs/src/protocol/recordBatch/v0' {
  export function RecordBatch(fields: object): Promise<{ readonly buffer: Buffer }>;
}
declare module 'kafkajs/src/protocol/recordBatch/record/v0' {
  const record: (fields: object) => unknown;
  export = record;
}
