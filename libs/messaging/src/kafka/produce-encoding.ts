import Broker from 'kafkajs/src/broker';
import { Produce as PRODUCE_KEY } from 'kafkajs/src/protocol/requests/apiKeys';
import { requests } from 'kafkajs/src/protocol/requests';
import { encodeProduceBody, type ProduceBody } from './produce-body';

/** The versions whose bodies are alike. */
const FIRST_VERSION = 3;
const LAST_VERSION = 7;

let installed = false;

/**
 * Has every producer of kafkajs in this process write its Produce requests by `encodeProduceBody`. Only what is not
 * compressed, not idempotent and not transactional, which is all that this service sends.
 */
export function installProduceEncoding(): void {
  if (installed) return;
  installed = true;
  Broker.prototype.produce = async function produce(args: ProduceBody) {
    const protocol = this.lookupRequest(PRODUCE_KEY, requests.Produce)(args);
    const { request } = protocol;
    if (request.apiVersion >= FIRST_VERSION && request.apiVersion <= LAST_VERSION) {
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
