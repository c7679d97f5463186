import type { ServiceDefinition, UntypedHandleCall } from '@grpc/grpc-js';
import { decodePublishBatchRequest, decodePublishRequest } from './publish-request.codec';

/** 4 MiB. */
export const MAX_MESSAGE_BYTES = 4_194_304;

export const SERVICE = 'millrace.events.v1.EventIngest';
export const STREAM_METHOD = 'PublishStream';

/** Messages are encoded by the doors. */
const asIs = (bytes: Buffer): Buffer => bytes;

function method(name: string, decode: (bytes: Buffer) => unknown): ServiceDefinition[string] {
  const stream = name === STREAM_METHOD;
  return {
    path: `/${SERVICE}/${name}`,
    requestStream: stream,
    responseStream: stream,
    requestSerialize: asIs,
    requestDeserialize: decode,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

/** What `events.proto` says of the service, with our own codec. */
export const serviceDefinition: ServiceDefinition<Record<string, UntypedHandleCall>> = {
  Publish: method('Publish', decodePublishRequest),
  PublishBatch: method('PublishBatch', decodePublishBatchRequest),
  [STREAM_METHOD]: method(STREAM_METHOD, decodePublishBatchRequest),
};
