import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { problems, sendProblem } from '../transport/problem';
import { requestIdOf } from '../transport/request-id';
import { CloudEventsDoor } from './cloudevents/cloud-events-door';
import { carriesCloudEvents } from './cloudevents/content-mode';
import { WebHook } from './cloudevents/web-hook';
import { NativeDoor } from './rest/native-door';

/** Whatever is sent to `/api/v1/events`: gives each request to its door. */
@Injectable()
export class EventsRoute {
  constructor(
    private readonly native: NativeDoor,
    private readonly cloudEvents: CloudEventsDoor,
    private readonly webHook: WebHook,
  ) {}

  /** Resolves when the request is answered; undefined when its method is none of those that send or ask whether they may. */
  take(request: IncomingMessage, response: ServerResponse): Promise<void> | undefined {
    const { method } = request;
    if (method !== 'POST' && method !== 'PUT' && method !== 'OPTIONS') return undefined;
    if (method === 'OPTIONS') return this.options(request, response);
    if (carriesCloudEvents(request.headers)) return this.cloudEvents.take(request, response);
    return method === 'POST' ? this.native.post(request, response) : this.refusePut(request, response);
  }

  private options(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.webHook.answer(request, response);
    return Promise.resolve();
  }

  private refusePut(request: IncomingMessage, response: ServerResponse): Promise<void> {
    sendProblem(response, requestIdOf(request), problems.unsupportedMediaType('PUT takes CloudEvents only.'));
    return Promise.resolve();
  }
}
