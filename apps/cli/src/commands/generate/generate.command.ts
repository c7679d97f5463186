import { randomInt } from 'node:crypto';
import { uuidV7 } from '@app/events';
import { InvalidArgumentError, type Command } from 'commander';
import { apiSender } from '../../api/api-sender';
import type { EndpointFlags } from '../../api/endpoint';
import { CannotRunError } from '../../cannot-run.error';
import type { GrpcFlags } from '../../grpc/grpc-endpoint';
import { grpcSender } from '../../grpc/grpc-sender';
import { interruptOnSigint } from '../../interrupt';
import { toStderr, toStdout } from '../../log-line';
import { writeCsvFile } from './csv-file';
import { EventMaker, type MadeEvent } from './event-maker';
import { PostReporter } from './post.reporter';
import { PostRun } from './post-run';

interface GenerateFlags extends EndpointFlags, GrpcFlags {
  readonly rows?: number;
  readonly seed?: number;
  readonly post: boolean;
  readonly rate?: number;
  readonly duration?: number;
  readonly batchSize?: number;
}

const HELP = `
Either a file, which millrace import reads:   millrace generate FILE --rows 1000000
or live events, until the time is over:       millrace generate --post --rate 500 --duration 60
the same over gRPC:                           millrace generate --grpc --rate 500

The same --seed makes the same events in the same order. A file is the same to the byte, ids and times included, so that
importing it again adds nothing; posted events get the ids and times of the run.

Posting keeps to the rate however slow the answers are. Each second it tells what was sent, what is due and waits
(behind), and p50 and p99 from the moment that an event was due. Without a clear answer (503, 429, no connection) the
same ids are sent again. Ctrl-C ends it, with the summary.

Exit code: 0 all events accepted, 1 some were refused, 2 could not run, or some are unconfirmed.`;

/** Adds `millrace generate`. `exit` is told the code that the process has to end with. */
export function addGenerateCommand(program: Command, exit: (code: number) => void): void {
  program
    .command('generate')
    .argument('[file]', 'CSV file to write')
    .description('make events: a file of them, or live posts at a rate')
    .option('--rows <n>', 'rows of the file', wholeNumber(0, 1_000_000_000))
    .option('--seed <n>', 'what the events are made from (default: another one each time)', wholeNumber(0, 0xffff_ffff))
    .option('--post', 'post to the API instead of writing a file', false)
    .option('--grpc [address]', 'the same over a gRPC stream, to HOST:PORT (default: what npm start left here)')
    .option('--rate <n>', 'events per second', wholeNumber(1, 1_000_000))
    .option('--duration <seconds>', 'how long to post (default: until Ctrl-C)', wholeNumber(1, 31_536_000))
    .option('--batch-size <n>', 'events per request (default: for 100 requests/s)', wholeNumber(1, 1000))
    .option('--url <url>', 'API to post to (or MILLRACE_URL; else what npm start left on this machine)')
    .option('--key <key>', 'API key (or MILLRACE_KEY)')
    .addHelpText('after', HELP)
    .action(async (file: string | undefined, flags: GenerateFlags) => {
      exit(await generate(file, flags));
    });
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d{1,10}$/.test(text) && number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

async function generate(file: string | undefined, flags: GenerateFlags): Promise<number> {
  const seed = flags.seed ?? randomInt(0x1_0000_0000);
  if (flags.post || flags.grpc !== undefined) {
    if (file !== undefined) throw new CannotRunError('give a file, or --post or --grpc, not both');
    if (flags.rate === undefined) throw new CannotRunError('--post and --grpc need --rate, in events per second');
    return post(flags, flags.rate, seed);
  }
  if (file === undefined || flags.rows === undefined) throw new CannotRunError('give a file and --rows, or --post');
  writeCsvFile({ file, rows: flags.rows, seed });
  toStdout(`Wrote ${flags.rows} rows to ${file}`);
  return 0;
}

async function post(flags: GenerateFlags, rate: number, seed: number): Promise<number> {
  const interrupt = interruptOnSigint('waiting for the events that are on their way');
  const terminal = process.stdout.isTTY;
  const reporter = new PostReporter({ out: (text) => process.stdout.write(text), err: toStderr, terminal });
  const onRetry = (reason: string): void => {
    reporter.retry(reason);
  };
  const overGrpc = flags.grpc === undefined ? undefined : grpcSender(flags, interrupt, onRetry);
  const sender = overGrpc ?? apiSender(flags, interrupt, onRetry);
  const maker = new EventMaker(seed);
  const batchSize = flags.batchSize ?? Math.min(1000, Math.ceil(rate / 100));
  const plan = { rate, batchSize, durationMs: (flags.duration ?? Infinity) * 1000 };
  const run = new PostRun(plan, sender, () => eventJson(maker.next()));
  toStdout(`generate_start rate=${rate} batch_size=${batchSize} seed=${seed}`);
  const everySecond = setInterval(() => {
    reporter.second(run.seconds, run.figures);
  }, 1000);
  try {
    await run.run(interrupt);
  } finally {
    clearInterval(everySecond);
    overGrpc?.close();
    reporter.end(run.seconds, run.figures);
  }
  const { refused, unconfirmed } = run.figures;
  if (unconfirmed > 0) return 2;
  return refused > 0 ? 1 : 0;
}

/** Name, ids and the like are made of plain ASCII without quotes: nothing to escape. */
function eventJson({ name, source, userId, amount, data }: MadeEvent): string {
  const money = amount === undefined ? '' : `,"amount":${amount}`;
  const at = new Date().toISOString();
  const id = uuidV7();
  return `{"event_id":"${id}","name":"${name}","source":"${source}","user_id":"${userId}","occurred_at":"${at}"${money},"data":${data}}`;
}
