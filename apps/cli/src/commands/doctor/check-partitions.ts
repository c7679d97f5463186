import { EventPartitions, type Database } from '@app/persistence';
import type { Finding } from './finding';

/** Whether tomorrow's events have a partition of their own already: consumers make them a week ahead. */
export async function checkPartitions(database: Database): Promise<Finding> {
  const days = await new EventPartitions(database).daysAhead(new Date());
  if (days > 0) return { healthy: true, lines: [`event partitions: there for ${days} days ahead`] };
  return {
    healthy: false,
    lines: ['event partitions: none for tomorrow; a consumer makes them when it starts, and once an hour'],
  };
}
