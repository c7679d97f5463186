import { ApiKey } from './api-key.entity';
import { ConsumerPosition } from './consumer-position.entity';
import { DeadLetter } from './dead-letter.entity';
import { LedgerEntry } from './ledger-entry.entity';
import { Project } from './project.entity';
import { Ticket } from './ticket.entity';
import { HotEvent } from './hot-event.entity';

/** Every entity of the library, for TypeORM. They do not leave it. */
export const entities = [Project, ApiKey, HotEvent, LedgerEntry, DeadLetter, ConsumerPosition, Ticket];
