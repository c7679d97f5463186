import { ConsumerPositions, unaccountedOf, type Database } from '@app/persistence';
import type { Finding } from './finding';

/** Whether every offset that was consumed has become a stored event, a duplicate, a dead letter or an erased one. */
export async function checkPositions(database: Database): Promise<Finding> {
  const positions = await new ConsumerPositions(database).list();
  const wrong = positions.filter((position) => unaccountedOf(position) !== 0);
  if (wrong.length === 0) {
    const events = positions.reduce((sum, { firstOffset, nextOffset }) => sum + nextOffset - firstOffset, 0);
    return { healthy: true, lines: [`positions: all of ${events} consumed offsets have an outcome`] };
  }
  const lines = wrong.map((position) => {
    const { group, topic, partition } = position;
    return `  ${JSON.stringify({ group, topic, partition })} unaccounted ${unaccountedOf(position)}`;
  });
  return { healthy: false, lines: [`positions: partitions with unaccounted events: ${wrong.length}`, ...lines] };
}
