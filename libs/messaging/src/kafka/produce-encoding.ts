import Broker from 'kafkajs/src/broker';
import { Produce as PRODUCE_KEY } from 'kafkajs/src/protocol/requests/apiKeys';
import { requests } from 'kafkajs/src/protocol/requests';
import { encodeProduceBody, type ProduceBody, type ProducedRecord } from './produce-body';

/** The versions whose bodies are alike. */
const FIRST_VERSION = 3;
const LAST_VERSION = 7;

let installed = false;

/** What any producer in this process may send; ours sends nothing but bytes. */
interface ProduceArguments extends ProduceBody {
  readonly compression?: number;
  readonly transactionalId?: string | null;
  /** -1 unless the producer is idempotent. */
  readonly producerId?: unknown;
}

/** True for a request of plain bytes: not compressed, not idempotent, not transactional, times left to the client. */
function isPlain({ compression = 0, transactionalId = null, producerId = -1, topicData }: ProduceArguments): boolean {
  if (compression !== 0 || transactionalId !== null || producerId !== -1) return false;
  let known: object | undefined;
  return topicData.every(({ partitions }) =>
    partitions.every(({ messages }) =>
      messages.every((message: Partial<Record<keyof ProducedRecord | 'timestamp', unknown>>) => {
        const { key, value, timestamp, headers } = message;
        if (!Buffer.isBuffer(key) || !Buffer.isBuffer(value) || timestamp !== undefined) return false;
        if (typeof headers !== 'object' || headers === null) return false;
        if (headers !== known && !Object.values(headers).every((header) => Buffer.isBuffer(header))) return false;
        known = headers;
        return true;
      }),
    ),
  );
}

/**
 * Has the producers of kafkajs in this process write their Produce requests by `encodeProduceBody` where it can: all
 * that this service sends. kafkajs writes the others.
 */
export function installProduceEncoding(): void {
  if (installed) return;
  installed = true;
  Broker.prototype.produce = async function produce(args: ProduceArguments) {
    const protocol = this.lookupRequest(PRODUCE_KEY, requests.Produce)(args);
    const { request } = protocol;
    if (request.apiVersion >= FIRST_VERSION && request.apiVersion <= LAST_VERSION && isPlain(args)) {
      request.encode = () => {
        const buffer = encodeProduceBody(args, Date.now());
        return Promise.resolve({ buf: buffer, buffer });
      };
    }
    try {
      return await this.connectionPool.send(protocol);
    } catch (error) {
      // As every other request of kafkajs does.
      if (error instanceof Error && error.name === 'KafkaJSConnectionClosedError') await this.disconnect();
      throw error;
    }
  };
}
