import { IncomingMessage } from 'node:http';

const said = new WeakMap<IncomingMessage, unknown>();

/**
 * A class of requests of which only those for a WebSocket at a wanted path are an upgrade. With a listener of `upgrade`
 * Node hands over every connection whose client offers one, and Java's HttpClient offers HTTP/2 with each first request:
 * its events would be lost. RFC 9110, section 7.8, lets a server pass over the offer.
 *
 * @param isWanted asked when the headers are there.
 */
export function upgradable(isWanted: (request: IncomingMessage) => boolean): typeof IncomingMessage {
  class UpgradableRequest extends IncomingMessage {}
  Object.defineProperty(UpgradableRequest.prototype, 'upgrade', {
    // Node's own constructor sets null, and the parser true for an offer and for CONNECT.
    set(this: IncomingMessage, value: unknown) {
      if (value === true) said.set(this, value);
    },
    get(this: IncomingMessage) {
      if (!said.has(this)) return false;
      return this.method === 'CONNECT' || (isWebSocket(this) && isWanted(this));
    },
  });
  return UpgradableRequest;
}

function isWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}
