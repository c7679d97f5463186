import { setTimeout as delay } from 'node:timers/promises';
import type { Queryable } from '../database';

const PAUSE_MS = 20;

/**
 * Resolves once every transaction has ended that was storing events when it was called; it holds up none of them. The
 * server ends a transaction of ours that does not end by itself, so this takes seconds at most.
 *
 * Whoever stores writes to the positions first, and reads the version of the erasures after that. A transaction that has
 * read an older version than is committed now therefore holds its lock on the table already, and is found here.
 */
export async function storingTransactionsEnded(database: Queryable): Promise<void> {
  let left = await storingTransactions(database);
  while (left.size > 0) {
    await delay(PAUSE_MS);
    const now = await storingTransactions(database);
    left = new Set([...left].filter((transaction) => now.has(transaction)));
  }
}

/** The numbers of virtual transactions, of which each is used once. */
async function storingTransactions(database: Queryable): Promise<Set<string>> {
  const rows = await database.query<{ transaction: string }>(
    `SELECT virtualtransaction AS transaction FROM pg_locks
     WHERE locktype = 'relation' AND relation = 'consumer_positions'::regclass AND mode = 'RowExclusiveLock'
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return new Set(rows.map(({ transaction }) => transaction));
}
