import {
  credentials,
  loadPackageDefinition,
  Metadata,
  status,
  type CallOptions,
  type Client,
  type ClientDuplexStream,
  type ServiceClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadEventsProto, type PublishBatchReply, type PublishBatchRequest } from '@app/proto';

/** What a call ended with. */
export interface CallEnd<T> {
  readonly code: string;
  readonly details: string;
  readonly reply: T | undefined;
  /** Of the end: the trailers. */
  readonly metadata: Metadata;
  /** Of the beginning. */
  readonly headers: Metadata;
}

type Method = (
  request: object,
  metadata: Metadata,
  options: CallOptions,
  done: (error: ServiceError | null, reply?: unknown) => void,
) => { on(event: 'metadata', take: (metadata: Metadata) => void): void };

type Stream = ClientDuplexStream<PublishBatchRequest, PublishBatchReply>;

interface EventIngestClient extends Client {
  readonly Publish: Method;
  readonly PublishBatch: Method;
  readonly PublishStream: (metadata: Metadata, options: CallOptions) => Stream;
}

/** A client as users write it: grpc-js and the .proto file. */
export class GrpcClient {
  private readonly client: EventIngestClient;

  constructor(
    address: string,
    private readonly key: string | undefined,
    options: Record<string, number | string> = {},
  ) {
    const pack = loadPackageDefinition(loadEventsProto()) as unknown as {
      readonly millrace: { readonly events: { readonly v1: { readonly EventIngest: ServiceClientConstructor } } };
    };
    const { EventIngest } = pack.millrace.events.v1;
    const all = { 'grpc.use_local_subchannel_pool': 1, 'grpc.enable_retries': 0, ...options };
    this.client = new EventIngest(address, credentials.createInsecure(), all) as unknown as EventIngestClient;
  }

  publish(
    request: object,
    more: { readonly metadata?: Record<string, string>; readonly options?: CallOptions } = {},
  ): Promise<CallEnd<{ event_id: string; status: string }>> {
    return this.call('Publish', request, more);
  }

  publishBatch(
    request: object,
    more: { readonly metadata?: Record<string, string>; readonly options?: CallOptions } = {},
  ): Promise<CallEnd<PublishBatchReply>> {
    return this.call('PublishBatch', request, more);
  }

  stream(options: CallOptions = {}): Stream {
    return this.client.PublishStream(this.metadata({}), options);
  }

  close(): void {
    this.client.close();
  }

  private metadata(more: Record<string, string>): Metadata {
    const metadata = new Metadata();
    if (this.key !== undefined) metadata.set('x-api-key', this.key);
    for (const [name, value] of Object.entries(more)) metadata.set(name, value);
    return metadata;
  }

  private call<T>(
    name: 'Publish' | 'PublishBatch',
    request: object,
    {
      metadata = {},
      options = {},
    }: { readonly metadata?: Record<string, string>; readonly options?: CallOptions | undefined },
  ): Promise<CallEnd<T>> {
    return new Promise((resolve) => {
      let headers = new Metadata();
      const call = this.client[name](request, this.metadata(metadata), options, (error, reply) => {
        const code = status[error?.code ?? status.OK];
        const details = error?.details ?? '';
        resolve({ code, details, reply: reply as T | undefined, metadata: error?.metadata ?? new Metadata(), headers });
      });
      call.on('metadata', (received) => (headers = received));
    });
  }
}

/** Collects the answers of a stream and how it ends. */
export class StreamWatch {
  readonly replies: PublishBatchReply[] = [];
  readonly ended: Promise<{ readonly code: string; readonly details: string }>;

  constructor(stream: Stream) {
    stream.on('data', (reply: PublishBatchReply) => this.replies.push(reply));
    stream.on('error', () => undefined); // `status` says the same
    this.ended = new Promise((resolve) => {
      stream.on('status', ({ code, details }) => {
        resolve({ code: status[code], details });
      });
    });
  }
}
