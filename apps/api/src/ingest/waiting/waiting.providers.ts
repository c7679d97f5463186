import type { Provider } from '@nestjs/common';
import { WaitedOutcomes } from '@app/persistence';
import { PinoLogger } from 'nestjs-pino';
import { StoredEvents } from './stored-events';
import { StoredWaiter } from './stored-waiter';

/** What requests with `wait=stored` need. */
export const waitingProviders: readonly Provider[] = [
  StoredEvents,
  {
    provide: StoredWaiter,
    useFactory: (outcomes: WaitedOutcomes, logger: PinoLogger) => new StoredWaiter(outcomes, logger),
    inject: [WaitedOutcomes, PinoLogger],
  },
];
