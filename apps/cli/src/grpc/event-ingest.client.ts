import {
  credentials,
  loadPackageDefinition,
  Metadata,
  type Client,
  type ClientDuplexStream,
  type ServiceClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  loadEventsProto,
  type PublishBatchReply,
  type PublishBatchRequest,
  type PublishReply,
  type PublishRequest,
} from '@app/proto';
import type { GrpcEndpoint } from './grpc-endpoint';

export type EventStream = ClientDuplexStream<PublishBatchRequest, PublishBatchReply>;

interface RawClient extends Client {
  readonly Publish: (
    request: PublishRequest,
    metadata: Metadata,
    options: { readonly deadline: number },
    done: (error: ServiceError | null, reply?: PublishReply) => void,
  ) => void;
  readonly PublishStream: (metadata: Metadata) => EventStream;
}

/** `EventIngest` of events.proto, with a key. */
export class EventIngestClient {
  private readonly client: RawClient;
  private readonly metadata = new Metadata();

  constructor({ address, key }: GrpcEndpoint) {
    const pack = loadPackageDefinition(loadEventsProto()) as unknown as {
      readonly millrace: { readonly events: { readonly v1: { readonly EventIngest: ServiceClientConstructor } } };
    };
    const { EventIngest } = pack.millrace.events.v1;
    this.client = new EventIngest(address, credentials.createInsecure()) as unknown as RawClient;
    this.metadata.set('x-api-key', key);
  }

  /** @throws {ServiceError} of grpc-js: `code`, `details`. */
  publish(request: PublishRequest, timeoutMs: number): Promise<PublishReply> {
    return new Promise((resolve, reject) => {
      this.client.Publish(request, this.metadata, { deadline: Date.now() + timeoutMs }, (error, reply) => {
        if (reply === undefined) reject(error ?? new Error('There is no reply.'));
        else resolve(reply);
      });
    });
  }

  stream(): EventStream {
    return this.client.PublishStream(this.metadata);
  }

  close(): void {
    this.client.close();
  }
}
