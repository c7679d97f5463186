import type { EventSender } from '../../api/event-sender.port';
import type { ImportBatch } from './import-batches';
import type { ImportReporter } from './import-reporter.port';
import type { ImportTotals } from './import-totals';
import type { RefusedRows } from './refused-rows';

/** Sends the batches of one file, one after another, and tells what became of every row. */
export class FileImport {
  private sending = false;
  private current: ImportTotals = { batches: 0, read: 0, accepted: 0, refused: 0, lastLine: 0 };

  constructor(
    private readonly sender: EventSender,
    private readonly reporter: ImportReporter,
    private readonly refusedRows: RefusedRows,
  ) {}

  get totals(): ImportTotals {
    return this.current;
  }

  /** True from the first batch on: from then on events may be stored that `totals` does not count yet. */
  get begun(): boolean {
    return this.sending;
  }

  /**
   * While one batch is on its way the next one is read. After `signal` the batch on its way is awaited, and no more.
   *
   * @throws {CannotRunError} when the file or the API gives up; `totals` then tells how far it got.
   */
  async run(batches: AsyncIterable<ImportBatch>, signal: AbortSignal): Promise<void> {
    let inFlight = Promise.resolve();
    try {
      for await (const batch of batches) {
        await inFlight;
        if (signal.aborted) break;
        inFlight = this.deal(batch);
        // Awaited below; until then a failure must not count as unhandled.
        inFlight.catch(() => undefined);
      }
    } finally {
      await inFlight;
    }
  }

  private async deal(batch: ImportBatch): Promise<void> {
    this.sending = true;
    const good = batch.flatMap(({ converted }) => (converted.ok ? [converted.json] : []));
    const outcomes = (await this.sender.send(good)).values();
    let refused = 0;
    for (const row of batch) {
      const outcome = row.converted.ok
        ? outcomes.next().value
        : { accepted: false as const, errors: row.converted.errors };
      if (outcome === undefined) throw new Error('the sender gave fewer outcomes than it was given events');
      if (outcome.accepted) continue;
      refused += 1;
      this.refusedRows.add(row, outcome.errors);
    }
    this.advance(batch, refused);
  }

  private advance(batch: ImportBatch, refused: number): void {
    const { batches, read, accepted, refused: refusedBefore, lastLine } = this.current;
    this.current = {
      batches: batches + 1,
      read: read + batch.length,
      accepted: accepted + batch.length - refused,
      refused: refusedBefore + refused,
      lastLine: batch.at(-1)?.line ?? lastLine,
    };
    this.reporter.batchDone({ read: batch.length, refused }, this.current);
  }
}
