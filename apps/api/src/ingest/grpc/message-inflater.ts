import { createGunzip, createInflate } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { MAX_MESSAGE_BYTES } from './service-definition';

type Decompress = (message: Buffer, encoding: string) => Buffer | Promise<Buffer>;

/** Before each message: one byte that says whether it is compressed, four with its length. */
const PREFIX_BYTES = 5;

/**
 * Inflates the messages of one call, each when it is asked for, and counts what they become. By itself grpc-js 1.14
 * inflates all that a frame brings, and 16 kB can hold several messages that become 4 MiB each.
 */
export class MessageInflater {
  private arrived = 0;
  private delivered = 0;
  private wanted = false;
  private readonly start = new Map<number, () => void>();

  /** @param hold counts what a message has become so far; false when it is not wanted any more, and never comes. */
  constructor(private readonly hold: (bytes: number) => boolean) {}

  /** In the place of grpc-js' own `decompressMessage`, to which it leaves the rest. */
  instead(original: Decompress): Decompress {
    return (message, encoding) => {
      const index = this.arrived;
      this.arrived += 1;
      if (encoding !== 'gzip' && encoding !== 'deflate') return original(message, encoding);
      return this.turn(index).then(() => this.inflated(message.subarray(PREFIX_BYTES), encoding));
    };
  }

  /** Somebody waits for the next message. */
  want(): void {
    this.wanted = true;
    this.start.get(this.delivered)?.();
  }

  /** The next message was handed over. */
  deliver(): void {
    this.wanted = false;
    this.delivered += 1;
  }

  private async turn(index: number): Promise<void> {
    if (this.wanted && index === this.delivered) return;
    await new Promise<void>((resolve) => this.start.set(index, resolve));
    this.start.delete(index);
  }

  private inflated(sent: Buffer, encoding: 'gzip' | 'deflate'): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const inflate = encoding === 'gzip' ? createGunzip() : createInflate();
      const chunks: Buffer[] = [];
      let bytes = 0;
      inflate.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes <= MAX_MESSAGE_BYTES && this.hold(chunk.length)) return;
        chunks.length = 0;
        inflate.destroy();
        if (bytes <= MAX_MESSAGE_BYTES) return;
        const details = `Received message that decompresses to a size larger than ${MAX_MESSAGE_BYTES}`;
        reject(refusal(status.RESOURCE_EXHAUSTED, details));
      });
      inflate.on('end', () => {
        resolve(Buffer.concat(chunks));
      });
      inflate.on('error', () => {
        reject(refusal(status.INTERNAL, 'Failed to decompress message'));
      });
      inflate.end(sent);
    });
  }
}

/** As grpc-js throws it. */
function refusal(code: status, details: string): Error {
  return Object.assign(new Error(details), { code, details });
}
