import { InvalidArgumentError, type Command } from 'commander';
import { apiSender } from '../../api/api-sender';
import type { EndpointFlags } from '../../api/endpoint';
import { CannotRunError } from '../../cannot-run.error';
import { interruptOnSigint } from '../../interrupt';
import { toStderr, toStdout } from '../../log-line';
import { BarReporter } from './bar.reporter';
import { DryRunSender } from './dry-run.sender';
import { importBatches } from './import-batches';
import { FileImport } from './import-file';
import type { ImportReporter } from './import-reporter.port';
import { openImportSource, type ImportSource } from './import-source';
import type { ImportTotals } from './import-totals';
import { LineReporter } from './line.reporter';
import { refusalText, refusedRowsFile, type RefusedRows } from './refused-rows';

interface ImportFlags extends EndpointFlags {
  readonly batchSize: number;
  readonly dryRun: boolean;
  readonly errors?: string;
}

const HELP = `
FILE is CSV, plain or gzip, or - for standard input. Its first line names the columns, in any order:
  event_type (or name)          what happened; the only one that must be there
  event_id                      a UUID; a row without one gets an id made of the file up to and including it
  occurred_at                   RFC 3339 with zone; without it the time of the import
  user_id, source, amount       optional
  properties_json (or data)     a JSON object
  received_at, stored_at        ignored, so that an export can be imported

A FILE that begins with { is NDJSON, as GET /api/v1/events.ndjson exports it: one event a line, as the API takes
it, or as it gives it; then received_at, stored_at and context are left out.

An import may be run again at any time: what is already stored is not stored twice.
--errors writes one JSON object per refused row: line, reason, errors, row.

Exit code: 0 all rows accepted, 1 some were refused, 2 could not run, or not to the end.`;

/** Adds `millrace import`. `exit` is told the code that the process has to end with. */
export function addImportCommand(program: Command, exit: (code: number) => void): void {
  program
    .command('import')
    .argument('<file>', 'CSV or NDJSON file, plain or gzip; - for standard input')
    .description('send the rows of a file to the API as events')
    .option('--batch-size <rows>', 'rows per request, 1 to 1000', batchSize, 1000)
    .option('--dry-run', 'check every row by the rules of the API and send nothing', false)
    .option('--errors <file>', 'write refused rows to this file instead of standard error')
    .option('--url <url>', 'API to send to (or MILLRACE_URL; else what npm start left on this machine)')
    .option('--key <key>', 'API key (or MILLRACE_KEY)')
    .addHelpText('after', HELP)
    .action(async (file: string, flags: ImportFlags) => {
      exit(await runImport(file, flags));
    });
}

function batchSize(text: string): number {
  const rows = Number(text);
  if (!/^\d{1,4}$/.test(text) || rows < 1 || rows > 1000) throw new InvalidArgumentError('It must be 1 to 1000.');
  return rows;
}

async function runImport(file: string, flags: ImportFlags): Promise<number> {
  const interrupt = interruptOnSigint('waiting for the rows that are on their way');
  const source = openImportSource(file, interrupt);
  const reporter = reporterFor(source);
  const sender = flags.dryRun
    ? new DryRunSender()
    : apiSender(flags, interrupt, (reason, waitMs) => {
        reporter.waiting(reason, waitMs);
      });
  const refusedRows = flags.errors === undefined ? tellRefusedRows(reporter) : refusedRowsFile(flags.errors, file);
  const work = new FileImport(sender, reporter, refusedRows);
  const startedMs = performance.now();
  reporter.start({ file, batchSize: flags.batchSize, dryRun: flags.dryRun });
  const failure = await failureOf(work.run(importBatches(source.chunks(), flags.batchSize), interrupt), interrupt);
  refusedRows.close();
  const { totals } = work;
  reporter.end({ totals, seconds: (performance.now() - startedMs) / 1000, stoppedBy: failure?.message });
  if (failure !== undefined) {
    throw flags.dryRun || !work.begun ? failure : new CannotRunError(howFar(totals, failure), { cause: failure });
  }
  return totals.refused > 0 ? 1 : 0;
}

function reporterFor(source: ImportSource): ImportReporter {
  const { size } = source;
  if (!process.stdout.isTTY || size === undefined) return new LineReporter(toStdout, toStderr);
  const bytes = { size, read: () => source.bytesRead() };
  return new BarReporter(process.stdout, bytes, process.stderr.isTTY ? undefined : toStderr);
}

function tellRefusedRows(reporter: ImportReporter): RefusedRows {
  return {
    add: (row, errors) => {
      reporter.refused(refusalText(row, errors));
    },
    close: () => undefined,
  };
}

/** Why the import ended early, or undefined. What is no answer to that is a bug, and thrown on. */
async function failureOf(run: Promise<void>, interrupt: AbortSignal): Promise<CannotRunError | undefined> {
  try {
    await run;
  } catch (error) {
    if (!interrupt.aborted) {
      if (error instanceof CannotRunError) return error;
      throw error;
    }
  }
  return interrupt.aborted ? new CannotRunError('interrupted') : undefined;
}

function howFar({ lastLine, accepted }: ImportTotals, failure: CannotRunError): string {
  const done =
    lastLine === 0 ? 'Nothing was confirmed' : `All rows up to line ${lastLine} are dealt with, ${accepted} accepted`;
  return `${failure.message}. ${done}. The import can be run again: what is stored already is not stored twice`;
}
