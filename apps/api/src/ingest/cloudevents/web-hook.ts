import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestIdOf } from '../../transport/request-id';

const ALLOW = 'GET, HEAD, OPTIONS, POST, PUT';

/**
 * `OPTIONS` of the path to which events are sent, without a key: tells its methods, and agrees to whoever asks whether he
 * may deliver here (HTTP 1.1 Web Hooks for Event Delivery 1.0.2, section 4). That is no leave to send: every delivery
 * shows its key.
 */
export class WebHook {
  /** @param eventsPerSecond what one key may send. */
  constructor(private readonly eventsPerSecond: number) {}

  answer(request: IncomingMessage, response: ServerResponse): void {
    const headers = { Allow: ALLOW, 'X-Request-Id': requestIdOf(request) };
    const origin = request.headers['webhook-request-origin'];
    if (typeof origin !== 'string' || origin === '') {
      response.writeHead(204, headers).end();
      return;
    }
    const ratePerMinute = Math.max(1, Math.floor(this.eventsPerSecond * 60));
    response
      .writeHead(200, {
        ...headers,
        'Content-Length': 0,
        'WebHook-Allowed-Origin': origin,
        'WebHook-Allowed-Rate': String(ratePerMinute),
      })
      .end();
  }
}
