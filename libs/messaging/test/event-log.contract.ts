import { describeConsuming } from './event-consumer.contract';
import type { EventLogUnderTest } from './event-log-under-test';
import { describePublishing } from './event-publisher.contract';
import { describeTail } from './event-tail.contract';

export {
  CONTRACT_BATCH_MAX_EVENTS,
  CONTRACT_PARTITIONS,
  type EventLogUnderTest,
  type RawRecord,
} from './event-log-under-test';

/** What every adapter of the log promises. Registers jest tests; each opens a log of its own. */
export function describeEventLog(open: () => Promise<EventLogUnderTest>): void {
  let log: EventLogUnderTest;
  beforeEach(async () => {
    log = await open();
  });
  afterEach(async () => {
    await log.close();
  });
  describePublishing(() => log);
  describeConsuming(() => log);
  describeTail(() => log);
}
