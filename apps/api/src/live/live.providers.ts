import type { Provider, Type } from '@nestjs/common';
import type { ApiConfig } from '@app/config';
import { EventTail } from '@app/messaging';
import { PinoLogger } from 'nestjs-pino';
import { KeyWatch } from '../transport/auth/key-watch';
import { LiveEvents } from './live-events';
import { LIVE_LIMITS } from './live-limits';
import { LiveMetrics } from './live-metrics';
import { LiveStreamController } from './sse/live-stream.controller';

export const liveControllers: readonly Type[] = [LiveStreamController];

/** Following events, by whatever door. */
export function liveProviders({ liveSubscribers }: ApiConfig): Provider[] {
  return [
    KeyWatch,
    LiveMetrics,
    {
      provide: LiveEvents,
      useFactory: (tail: EventTail, { logger }: PinoLogger) =>
        new LiveEvents(tail, { ...LIVE_LIMITS, subscribers: liveSubscribers }, logger),
      inject: [EventTail, PinoLogger],
    },
  ];
}
