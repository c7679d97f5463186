import { MultiBar, type SingleBar } from 'cli-progress';
import type { ImportTotals } from './import-totals';
import { ImportReporter, type ImportEnd, type ImportStart } from './import-reporter.port';

const FORMAT = '{file} [{bar}] {percentage}% | {read} read, {refused} refused | {duration_formatted}';

/** A bar over the bytes of the file, for a person at a terminal, and a summary in words. */
export class BarReporter extends ImportReporter {
  // A SingleBar puts the cursor back to where it began when it ends, over the lines that were written since.
  private readonly bars: MultiBar;
  private bar: SingleBar | undefined;
  private begun: ImportStart | undefined;

  /** @param err takes the lines that are not for the terminal, or undefined when standard error goes there too. */
  constructor(
    private readonly terminal: NodeJS.WriteStream,
    private readonly bytes: { readonly size: number; read(): number },
    private readonly err: ((line: string) => void) | undefined,
  ) {
    super();
    this.bars = new MultiBar({ format: FORMAT, stream: terminal, hideCursor: true, barsize: 30, gracefulExit: false });
  }

  override start(start: ImportStart): void {
    this.begun = start;
    this.bar = this.bars.create(this.bytes.size, 0, { file: start.file, read: 0, refused: 0 });
  }

  override batchDone(_batch: unknown, { read, refused }: ImportTotals): void {
    this.bar?.update(this.bytes.read(), { read, refused });
  }

  override refused(text: string): void {
    this.above(text);
  }

  override waiting(reason: string, waitMs: number): void {
    this.above(`waiting ${Math.round(waitMs / 100) / 10} s to try again: ${reason}`);
  }

  override end({ totals, seconds, stoppedBy }: ImportEnd): void {
    this.bar?.update(stoppedBy === undefined ? this.bytes.size : this.bytes.read(), { ...totals });
    this.bars.update(); // stop() forgets the lines that wait to be written above the bar
    this.bars.stop();
    const { read, accepted, refused } = totals;
    const rate = Math.round(read / Math.max(seconds, 0.001));
    const verb = this.begun?.dryRun === true ? 'Checked' : 'Imported';
    const found = `${read} read, ${accepted} accepted, ${refused} refused`;
    this.terminal.write(`${verb} ${this.begun?.file ?? ''}: ${found} in ${seconds.toFixed(1)} s (${rate} events/s)\n`);
  }

  private above(text: string): void {
    if (this.err === undefined) this.bars.log(`${text}\n`);
    else this.err(text);
  }
}
