import { logLine } from '../../log-line';
import type { ImportTotals } from './import-totals';
import { ImportReporter, type ImportEnd, type ImportStart } from './import-reporter.port';

/** `key=value` lines for logs and programs: progress to `out`, what needs a look to `err`. */
export class LineReporter extends ImportReporter {
  private file = '';

  constructor(
    private readonly out: (line: string) => void,
    private readonly err: (line: string) => void,
  ) {
    super();
  }

  override start({ file, batchSize, dryRun }: ImportStart): void {
    this.file = file;
    this.out(logLine('import_start', { file, batch_size: batchSize, dry_run: dryRun }));
  }

  override batchDone({ read, refused }: { read: number; refused: number }, totals: ImportTotals): void {
    this.out(
      logLine('import_batch_done', {
        accepted: read - refused,
        read,
        skipped: refused,
        total_accepted: totals.accepted,
        total_read: totals.read,
        total_skipped: totals.refused,
      }),
    );
  }

  override refused(text: string): void {
    this.err(text);
  }

  override waiting(reason: string, waitMs: number): void {
    this.err(logLine('import_waiting', { reason, wait_ms: waitMs }));
  }

  override end({ totals, seconds, stoppedBy }: ImportEnd): void {
    const { read, accepted, refused, batches, lastLine } = totals;
    const rate = Math.round(read / Math.max(seconds, 0.001));
    const figures = { read, accepted, skipped: refused, batches, seconds: seconds.toFixed(3), events_per_second: rate };
    if (stoppedBy === undefined) this.out(logLine('import_complete', { file: this.file, ...figures }));
    else this.out(logLine('import_stopped', { file: this.file, ...figures, last_line: lastLine, reason: stoppedBy }));
  }
}
