import type { Command } from 'commander';
import { toStderr, toStdout } from '../../log-line';
import { table } from '../../table';
import { administer, withAdminFlags, type AdminFlags } from './admin-command';
import { expiry } from './expiry';

const PATH = '/api/v1/keys';

interface Key {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly project: { readonly id: number; readonly name: string };
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
}

type NewKey = Key & { readonly key: string };

interface CreateFlags extends AdminFlags {
  readonly name: string;
  readonly scopes: string;
  readonly project?: string;
  readonly expires?: string;
}

const HELP = `
A key is shown once, when it is made. To replace one: rotate it, hand the new one to the client, revoke the old one.

Exit code: 0 done, 1 the API refuses what was asked for, 2 could not run.`;

/** Adds `millrace keys`. `exit` is told the code that the process has to end with. */
export function addKeysCommand(program: Command, exit: (code: number) => void): void {
  const keys = program.command('keys').description('make, list, rotate and revoke API keys').addHelpText('after', HELP);
  withAdminFlags(keys.command('create'))
    .description('make a key; its text goes to standard output')
    .requiredOption('--name <name>', 'what it is for')
    .requiredOption('--scopes <scopes>', 'ingest, read, admin, separated by commas')
    .option('--project <project>', 'id or name; without it the project of your own key')
    .option('--expires <when>', 'a time like 90d, 12h or 30m, or an instant with its zone', (text) => expiry(text))
    .action((flags: CreateFlags) => create(flags, exit));
  withAdminFlags(keys.command('list'))
    .description('list the keys that you administer')
    .action((flags: AdminFlags) => list(flags, exit));
  withAdminFlags(keys.command('rotate'))
    .argument('<id>', 'id of the key')
    .description('make a second key like this one, which stays valid until you revoke it')
    .option('--expires <when>', 'as with create; without it as long as the first was meant to live', (text) =>
      expiry(text),
    )
    .action((id: string, flags: AdminFlags & { readonly expires?: string }) => rotate(id, flags, exit));
  withAdminFlags(keys.command('revoke'))
    .argument('<id>', 'id of the key')
    .description('end a key for ever; it works for up to a minute more')
    .action((id: string, flags: AdminFlags) => revoke(id, flags, exit));
}

async function create(flags: CreateFlags, exit: (code: number) => void): Promise<void> {
  const { name, project, expires: expires_at } = flags;
  const scopes = flags.scopes.split(',').map((scope) => scope.trim());
  await administer(flags, exit, async (api) => {
    show(await api.call<NewKey>('POST', PATH, { name, scopes, project, expires_at }), flags);
  });
}

async function rotate(
  id: string,
  flags: AdminFlags & { readonly expires?: string },
  exit: (code: number) => void,
): Promise<void> {
  await administer(flags, exit, async (api) => {
    const path = `${PATH}/${encodeURIComponent(id)}/rotate`;
    show(await api.call<NewKey>('POST', path, { expires_at: flags.expires }), flags);
  });
}

async function revoke(id: string, flags: AdminFlags, exit: (code: number) => void): Promise<void> {
  await administer(flags, exit, async (api) => {
    await api.call('DELETE', `${PATH}/${encodeURIComponent(id)}`);
    if (flags.json === true) toStdout(JSON.stringify({ id, revoked: true }));
    else toStderr(`Key ${id} is revoked. Other replicas of the API notice within a minute.`);
  });
}

async function list(flags: AdminFlags, exit: (code: number) => void): Promise<void> {
  await administer(flags, exit, async (api) => {
    const keys = await api.all<Key>(PATH);
    if (flags.json === true) toStdout(JSON.stringify(keys));
    else toStdout(table(['ID', 'NAME', 'PROJECT', 'SCOPES', 'CREATED', 'LAST USED', 'STATE'], keys.map(rowOf)));
  });
}

/** The key alone on standard output, so that `KEY=$(millrace keys create …)` works; the rest beside it. */
function show(made: NewKey, { json }: AdminFlags): void {
  if (json === true) {
    toStdout(JSON.stringify(made));
    return;
  }
  const ends = made.expires_at === null ? '' : `, expires ${made.expires_at}`;
  toStderr(`Key ${made.id} "${made.name}" of project ${made.project.name} for ${made.scopes.join(', ')}${ends}.`);
  toStderr('It is shown this once:');
  toStdout(made.key);
}

function rowOf(key: Key): string[] {
  const { id, name, project, scopes, created_at, last_used_at } = key;
  return [id, name, project.name, scopes.join(','), minute(created_at), minute(last_used_at), stateOf(key)];
}

function stateOf({ revoked_at, expires_at }: Key): string {
  if (revoked_at !== null) return `revoked ${minute(revoked_at)}`;
  if (expires_at === null) return 'valid';
  return `${Date.parse(expires_at) <= Date.now() ? 'expired' : 'until'} ${minute(expires_at)}`;
}

function minute(instant: string | null): string {
  return instant === null ? '-' : instant.slice(0, 16).replace('T', ' ');
}
