import { InvalidArgumentError, type Command } from 'commander';
import type { ApiClient } from '../../api/api-client';
import { toStderr, toStdout } from '../../log-line';
import { table } from '../../table';
import { administer, withAdminFlags, type AdminFlags } from '../keys/admin-command';

const PATH = '/api/v1/dead-letters';
const FILTERS = ['stage', 'reason', 'topic', 'from', 'to'] as const;

interface Letter {
  readonly id: string;
  readonly status: string;
  readonly stage: string;
  readonly reason: string;
  readonly detail: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly attempts: number;
  readonly created_at: string;
}

interface Bytes {
  readonly base64: string;
  readonly text: string | null;
}

interface WholeLetter extends Letter {
  readonly key: Bytes | null;
  readonly value: Bytes | null;
  readonly headers: readonly (Bytes & { readonly name: string })[];
}

interface Counts {
  readonly matched: number;
  readonly replayed?: number;
  readonly discarded?: number;
  readonly next_cursor?: string;
}

type FilterFlags = AdminFlags & { readonly [name in (typeof FILTERS)[number]]?: string };
type OrderFlags = FilterFlags & { readonly all?: true; readonly dryRun?: true; readonly rate?: number };
type Exit = (code: number) => void;

const HELP = `
Replay puts letters on the log again; an event is stored once however often. Discard lets go of their bytes for good.

Exit code: 0 done, 1 the API refuses what was asked for or letters were left, 2 could not run.`;

/** Adds `millrace dead-letters`. `exit` is told the code that the process has to end with. */
export function addDeadLettersCommand(program: Command, exit: Exit): void {
  const letters = program
    .command('dead-letters')
    .description('look at, replay and discard what could not be stored')
    .addHelpText('after', HELP);
  withFilterFlags(letters.command('list'))
    .description('list the newest letters')
    .option('--status <status>', 'open, replayed, discarded or all', 'open')
    .option('--limit <n>', 'at most so many, 1 to 200', wholeNumber, 20)
    .action((flags: FilterFlags & { status: string; limit: number }) => list(flags, exit));
  withAdminFlags(letters.command('show'))
    .argument('<id>', 'id of the letter')
    .description('show one letter, its bytes and the reason')
    .action((id: string, flags: AdminFlags) => show(id, flags, exit));
  withOrderFlags(letters.command('replay'))
    .description('put letters on the log again')
    .option('--rate <n>', 'events per second (1000 when left out)', wholeNumber)
    .action((id: string | undefined, flags: OrderFlags) => order('replay', id, flags, exit));
  withOrderFlags(letters.command('discard'))
    .description('let go of letters and their bytes for good')
    .action((id: string | undefined, flags: OrderFlags) => order('discard', id, flags, exit));
}

function withFilterFlags(command: Command): Command {
  return withAdminFlags(command)
    .option('--stage <stage>', 'accept, decode or store')
    .option('--reason <code>', 'such as MALFORMED_EVENT')
    .option('--topic <topic>', 'such as events.v1')
    .option('--from <instant>', 'became a dead letter at or after this instant or UTC date')
    .option('--to <instant>', 'and before this one');
}

function withOrderFlags(command: Command): Command {
  return withFilterFlags(command)
    .argument('[id]', 'id of one letter; without it the open letters of a filter')
    .option('--all', 'every open letter, instead of a filter')
    .option('--dry-run', 'only count them');
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

async function list(flags: FilterFlags & { status: string; limit: number }, exit: Exit): Promise<void> {
  const query = new URLSearchParams({ status: flags.status, limit: String(flags.limit), ...filterOf(flags) });
  await administer(flags, exit, async (api) => {
    const page = await api.call<{ data: readonly Letter[] }>('GET', `${PATH}?${query.toString()}`);
    if (flags.json === true) toStdout(JSON.stringify(page));
    else toStdout(table(['ID', 'STATUS', 'SINCE', 'STAGE', 'REASON', 'ATTEMPTS', 'PLACE'], page.data.map(rowOf)));
  });
}

async function show(id: string, flags: AdminFlags, exit: Exit): Promise<void> {
  await administer(flags, exit, async (api) => {
    const letter = await api.call<WholeLetter>('GET', `${PATH}/${encodeURIComponent(id)}`);
    if (flags.json === true) toStdout(JSON.stringify(letter));
    else toStdout(linesOf(letter).join('\n'));
  });
}

async function order(what: 'replay' | 'discard', id: string | undefined, flags: OrderFlags, exit: Exit): Promise<void> {
  await administer(flags, exit, async (api) => {
    if (id !== undefined && (flags.all === true || flags.dryRun === true || Object.keys(filterOf(flags)).length > 0)) {
      toStderr('millrace: an id stands alone, without a filter, --all or --dry-run');
      exit(2);
      return;
    }
    const counts = id === undefined ? await many(api, what, flags) : await one(api, what, id);
    const done = (what === 'replay' ? counts.replayed : counts.discarded) ?? 0;
    if (flags.json === true) toStdout(JSON.stringify(counts));
    else toStdout(`matched=${counts.matched} ${what}ed=${done}`);
    if (flags.dryRun !== true && done < counts.matched) exit(1);
  });
}

function one(api: ApiClient, what: 'replay' | 'discard', id: string): Promise<Counts> {
  const path = `${PATH}/${encodeURIComponent(id)}`;
  return what === 'replay' ? api.call<Counts>('POST', `${path}/replay`) : api.call<Counts>('DELETE', path);
}

/** One request after the other until all is done: the API works on one for some seconds at most. */
async function many(api: ApiClient, what: 'replay' | 'discard', flags: OrderFlags): Promise<Counts> {
  const { all, dryRun: dry_run, rate } = flags;
  const body = { filter: filterOf(flags), all, dry_run, rate };
  let counts = await api.call<Counts>('POST', `${PATH}/${what}`, body);
  if (dry_run === true) return counts;
  const { matched } = counts;
  let done = (counts.replayed ?? 0) + (counts.discarded ?? 0);
  const goesOn = (): boolean => counts.next_cursor !== undefined || ((counts.discarded ?? 0) > 0 && done < matched);
  while (goesOn()) {
    toStderr(`${what}: ${done} of ${matched}`);
    counts = await api.call<Counts>('POST', `${PATH}/${what}`, { ...body, cursor: counts.next_cursor });
    done += (counts.replayed ?? 0) + (counts.discarded ?? 0);
  }
  return what === 'replay' ? { matched, replayed: done } : { matched, discarded: done };
}

function filterOf(flags: FilterFlags): Record<string, string> {
  return Object.fromEntries(FILTERS.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])));
}

function rowOf({ id, status, created_at, stage, reason, attempts, ...letter }: Letter): string[] {
  const place = `${letter.topic}/${letter.partition}/${letter.offset}`;
  return [id, status, created_at.slice(0, 16).replace('T', ' '), stage, reason, String(attempts), place];
}

function linesOf({ key, value, headers, ...letter }: WholeLetter): string[] {
  const plain = Object.entries<string | number | null>({ ...letter }).map(
    ([name, content]) => `${name}: ${printable(String(content ?? '-'))}`,
  );
  const bytes = headers.map((header) => `header ${printable(header.name)}: ${textOf(header)}`);
  return [...plain, ...bytes, `key: ${textOf(key)}`, `value: ${textOf(value)}`];
}

/** Bytes of strangers must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}

function textOf(bytes: Bytes | null): string {
  if (bytes === null) return '-';
  return bytes.text === null ? `base64 ${bytes.base64}` : printable(bytes.text);
}
