import type { Provider, Type } from '@nestjs/common';
import { segmentEventOf } from '../../ingest/segment/event.convert';
import { UntilGone } from '../../transport/until-gone';
import { DeadLetterDiscardService } from './dead-letter-discard.service';
import { DeadLetterOrdersController } from './dead-letter-orders.controller';
import { DeadLetterReplayService } from './dead-letter-replay.service';
import { DeadLettersController } from './dead-letters.controller';
import { RefusedValues } from './refused-values';
import { ReplayRecords } from './replay-records';

export const deadLetterControllers: readonly Type[] = [DeadLettersController, DeadLetterOrdersController];

/** What works with dead letters is made of these; every door whose clients are told nothing reads its own. */
export const deadLetterProviders: readonly Provider[] = [
  DeadLetterDiscardService,
  DeadLetterReplayService,
  ReplayRecords,
  UntilGone,
  { provide: RefusedValues, useFactory: () => new RefusedValues({ segment: segmentEventOf }) },
];
