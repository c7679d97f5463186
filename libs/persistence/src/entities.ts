import { ApiKey } from './api-key.entity';
import { ColdSegment } from './cold-segment.entity';
import { ColdStoreIdentity } from './cold-store.entity';
import { ConsumerPosition } from './consumer-position.entity';
import { DeadLetter } from './dead-letter.entity';
import { Erasure } from './erasure/erasure.entity';
import { ErasureState } from './erasure/erasure-state.entity';
import { HotEvent } from './hot-event.entity';
import { LedgerEntry } from './ledger-entry.entity';
import { Project } from './project.entity';
import { DayMetric } from './rollups/day-metric.entity';
import { DayNames } from './rollups/day-names.entity';
import { DayUsers } from './rollups/day-users.entity';
import { MinuteMetric } from './rollups/minute-metric.entity';
import { MinuteTotal } from './rollups/minute-total.entity';
import { MonthMetric } from './rollups/month-metric.entity';
import { RetentionCount } from './rollups/retention-count.entity';
import { UserDay } from './rollups/user-day.entity';
import { User } from './rollups/user.entity';
import { Ticket } from './ticket.entity';

/** Every entity of the library, for TypeORM. They do not leave it. */
export const entities = [
  ...[Project, ApiKey, HotEvent, LedgerEntry, DeadLetter, ConsumerPosition, Ticket],
  ...[ColdSegment, ColdStoreIdentity, Erasure, ErasureState],
  ...[MinuteTotal, MinuteMetric, DayMetric, MonthMetric, DayNames, User, UserDay, DayUsers, RetentionCount],
];
