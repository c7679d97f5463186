import { connect, type ClientHttp2Session } from 'node:http2';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { loadEventsProto } from '@app/proto';
import type { MethodDefinition } from '@grpc/grpc-js';

export type GrpcMethod = 'Publish' | 'PublishBatch' | 'PublishStream';

type Methods = Readonly<Record<GrpcMethod, MethodDefinition<object, object>>>;

/** How a raw call has ended. */
export interface RawEnd {
  /** Number of `grpc-status`; undefined when the call broke off. */
  readonly status: number | undefined;
  /** Messages that were answered, as they came. */
  readonly replies: readonly object[];
}

function methods(): Methods {
  return loadEventsProto()['millrace.events.v1.EventIngest'] as unknown as Methods;
}

/** A message on the wire: whether it is compressed, its length, and itself. */
export function frame(message: Buffer, gzip = false): Buffer {
  const body = gzip ? gzipSync(message, { level: 9 }) : message;
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(gzip ? 1 : 0);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

export function encodeRequest(method: GrpcMethod, request: object): Buffer {
  return methods()[method].requestSerialize(request);
}

/** One connection on which bytes are sent that no client library would send. */
export class RawGrpc {
  private readonly session: ClientHttp2Session;

  constructor(
    address: string,
    private readonly key: string,
  ) {
    this.session = connect(`http://${address}`);
    this.session.on('error', () => undefined); // the streams say the same
  }

  /** Sends headers and all of the bytes at once. */
  async call(method: GrpcMethod, bytes: Buffer, headers: Readonly<Record<string, string>> = {}): Promise<RawEnd> {
    const stream = this.session.request({
      ':method': 'POST',
      ':path': `/millrace.events.v1.EventIngest/${method}`,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
      'x-api-key': this.key,
      ...headers,
    });
    const chunks: Buffer[] = [];
    let status: number | undefined;
    const note = (received: { readonly 'grpc-status'?: unknown }): void => {
      if (received['grpc-status'] !== undefined) status = Number(received['grpc-status']);
    };
    stream.on('response', note).on('trailers', note);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => undefined); // a reset leaves the status that came before it, or none
    stream.end(bytes);
    await once(stream, 'close');
    return { status, replies: this.replies(method, Buffer.concat(chunks)) };
  }

  close(): void {
    this.session.destroy();
  }

  private replies(method: GrpcMethod, bytes: Buffer): object[] {
    const replies: object[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 5 + bytes.readUInt32BE(at + 1);
      replies.push(methods()[method].responseDeserialize(bytes.subarray(at + 5, end)));
      at = end;
    }
    return replies;
  }
}
