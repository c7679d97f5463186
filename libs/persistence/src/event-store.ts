import type { Database, Transaction } from './database';
import { insertDeadLetters, type PlacedDeadLetter } from './dead-letter-insert';
import { settleReplays, type PlacedReplay } from './dead-letter-replays';
import { ErasureScreen } from './erasure/erasure-screen';
import { insertEvents } from './event-insert';
import type { InsertBatch, InsertResult, RecordOutcome } from './insert-batch';
import {
  byLedgerKey,
  countDuplicates,
  enterErased,
  enterIds,
  enterNewIds,
  KnownIdError,
  markErased,
  sameLedgerKey,
  type EnterIds,
  type PlacedEvent,
} from './ledger';
import { advancePositions, lockPositions, type Tally } from './positions';
import { Rollups, type Written } from './rollups/rollups';

/** So many batches without a known id until all ids of a batch are taken for new again. */
const CAUTIOUS_BATCHES = 50;

/** Stores what consumers fetched. Any number of processes may call it at once, with overlapping batches too. */
export class EventStore {
  private identity: string | undefined;
  private readonly screen = new ErasureScreen();
  /**
   * Batches whose ids are to be looked up one by one. Others are entered unseen, which costs PostgreSQL a third, and
   * stored a second time when one of them is known: duplicates seldom come alone.
   */
  private cautious = 0;

  constructor(
    private readonly database: Database,
    private readonly rollups = new Rollups(),
  ) {}

  /**
   * Stores a batch in one transaction: each id of a project once and for ever, each dead letter once, what the new events
   * change in the rollups, and the positions of the partitions, so that offset for offset it is known what became of it.
   * Safe to repeat at any time, also when the outcome of an earlier call is unknown: what is below a position is skipped
   * without being counted.
   *
   * @throws {StoreUnavailableError} nothing was stored, or (when the connection broke in the COMMIT) all of it.
   * @throws {StoreRefusedError} nothing was stored; some rows may still be taken, in smaller batches.
   * @throws {BatchTooLargeError} nothing was stored; all can be, in smaller batches. Never of one event.
   * @throws {LogRecreatedError} nothing was stored, and nothing can be until an operator has decided.
   */
  async insert(batch: InsertBatch): Promise<InsertResult> {
    if (batch.outcomes.length === 0) return nothingStored(0);
    if (this.cautious === 0) return this.storeUnseen(batch);
    this.cautious -= 1;
    return this.store(batch, this.enterEach);
  }

  private async storeUnseen(batch: InsertBatch): Promise<InsertResult> {
    try {
      return await this.store(batch, enterNewIds);
    } catch (error) {
      if (error instanceof KnownIdError) return this.store(batch, this.enterEach);
      throw error;
    }
  }

  private readonly enterEach: EnterIds = async (tx, candidates) => {
    const fresh = await enterIds(tx, candidates);
    if (fresh.length < candidates.length) this.cautious = CAUTIOUS_BATCHES;
    return fresh;
  };

  private async store(batch: InsertBatch, enter: EnterIds): Promise<InsertResult> {
    const { result, written } = await this.database.transaction((tx) => {
      // In the transaction, since its connection may be the first one to another server.
      if (this.database.identity !== this.identity) {
        this.rollups.forget();
        this.screen.forget();
      }
      this.identity = this.database.identity;
      return storeBatch(tx, batch, enter, { rollups: this.rollups, screen: this.screen });
    });
    written?.committed();
    return result;
  }
}

/** What one process remembers between batches. */
interface Memories {
  readonly rollups: Rollups;
  readonly screen: ErasureScreen;
}

interface Stored {
  readonly result: InsertResult;
  readonly written?: Written;
}

async function storeBatch(
  tx: Transaction,
  batch: InsertBatch,
  enter: EnterIds,
  { rollups, screen }: Memories,
): Promise<Stored> {
  const { tallies, erasureVersion } = await lockPositions(tx, batch);
  const due = batch.outcomes.filter(({ partition, offset }) => offset >= tallyOf(tallies, partition).nextOffset);
  const redelivered = batch.outcomes.length - due.length;
  if (due.length === 0) return { result: nothingStored(redelivered) };

  const { refused, view } = await screen.look(tx, erasureVersion, due);
  const { candidates, repeated, letters: allLetters, replays } = sortOut(due);
  const entered = await enter(tx, candidates);
  const [fresh, erased] = split(entered, refused);
  await markErased(tx, erased);
  await insertEvents(tx, fresh);
  const duplicates = entered.length === candidates.length ? repeated : [...repeated, ...without(candidates, entered)];
  await countDuplicates(tx, duplicates);
  const { known, replayed } = await settleReplays(tx, replays);
  const [letters, erasedLetters] = split(allLetters, refused);
  await enterErased(tx, erasedLetters);
  await insertDeadLetters(tx, batch.topic, known.size === 0 ? letters : letters.filter((letter) => !known.has(letter)));

  count(tallies, fresh, 'stored');
  count(tallies, duplicates, 'duplicate');
  count(tallies, letters, 'dead');
  count(tallies, erased, 'erased');
  count(tallies, erasedLetters, 'erased');
  await advancePositions(tx, batch, tallies);
  const written = await rollups.write(tx, fresh, new Date(), view);
  const result = {
    stored: fresh.length,
    duplicates: duplicates.length,
    deadLettered: letters.length,
    erased: erased.length + erasedLetters.length,
    replayed,
    redelivered,
  };
  return { result, written };
}

function nothingStored(redelivered: number): InsertResult {
  return { stored: 0, duplicates: 0, deadLettered: 0, erased: 0, replayed: 0, redelivered };
}

interface SortedOut {
  /** The first event of each id, by key of the ledger. */
  readonly candidates: readonly PlacedEvent[];
  /** Events whose id came earlier among those that are due. */
  readonly repeated: readonly PlacedEvent[];
  readonly letters: readonly PlacedDeadLetter[];
  /** Of all of them, those that say that they were a dead letter, in the order of the log. */
  readonly replays: readonly PlacedReplay[];
}

/** Pure. */
function sortOut(due: readonly RecordOutcome[]): SortedOut {
  const events: PlacedEvent[] = [];
  const letters: PlacedDeadLetter[] = [];
  const replays: PlacedReplay[] = [];
  for (const outcome of due) {
    if (outcome.replay !== undefined) replays.push({ outcome, replay: outcome.replay });
    if (outcome.kind === 'dead-letter') letters.push(outcome);
    else events.push(outcome);
  }
  // The sort is stable: of one id, the first of the batch stays in front.
  events.sort(byLedgerKey);
  const candidates: PlacedEvent[] = [];
  const repeated: PlacedEvent[] = [];
  for (const placed of events) {
    const previous = candidates.at(-1);
    if (previous !== undefined && sameLedgerKey(previous, placed)) repeated.push(placed);
    else candidates.push(placed);
  }
  return { candidates, repeated, letters, replays };
}

/** Those that are not refused, and those that are; nearly always nothing is. */
function split<T>(all: readonly T[], refused: ReadonlySet<unknown>): [kept: readonly T[], refused: readonly T[]] {
  if (refused.size === 0) return [all, []];
  return [all.filter((one) => !refused.has(one)), all.filter((one) => refused.has(one))];
}

function without(all: readonly PlacedEvent[], some: readonly PlacedEvent[]): PlacedEvent[] {
  const left = new Set(some);
  return all.filter((placed) => !left.has(placed));
}

function count(
  tallies: ReadonlyMap<number, Tally>,
  records: readonly { readonly partition: number; readonly offset: number }[],
  outcome: 'stored' | 'duplicate' | 'dead' | 'erased',
): void {
  for (const { partition, offset } of records) {
    const tally = tallyOf(tallies, partition);
    tally[outcome] += 1;
    tally.nextOffset = Math.max(tally.nextOffset, offset + 1);
  }
}

function tallyOf(tallies: ReadonlyMap<number, Tally>, partition: number): Tally {
  const tally = tallies.get(partition);
  if (tally === undefined) throw new TypeError(`Partition ${partition} has no position.`);
  return tally;
}
