import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { ApiUnavailableError, type ApiClient } from '../../api/api-client';
import { toStderr, toStdout } from '../../log-line';
import { administer, withAdminFlags, type AdminFlags } from '../keys/admin-command';

const PAUSE_MS = 500;
/** Work on it goes on then, whoever waits for it. */
const PATIENCE_MS = 3_600_000;

interface Erasure {
  readonly status: 'queued' | 'running' | 'done' | 'failed';
  readonly removed: Readonly<Record<string, number>>;
}

type EraseFlags = AdminFlags & { readonly wait?: true };
type Exit = (code: number) => void;

const HELP = `
Removes all events, dead letters and numbers of the user in the key's project, and refuses what was received before and
comes later. There is no way back. The ids of the events stay, so that none is stored again.

Exit code: 0 done (without --wait: asked for), 1 the API refuses it, or it has failed, 2 could not run.`;

/** Adds `millrace erase`. `exit` is told the code that the process has to end with. */
export function addEraseCommand(program: Command, exit: Exit): void {
  withAdminFlags(program.command('erase'))
    .argument('<user>', 'id of the user')
    .description('erase a user')
    .option('--wait', 'until nothing is left, and tell what was removed')
    .addHelpText('after', HELP)
    .action((user: string, flags: EraseFlags) => erase(user, flags, exit));
}

async function erase(user: string, flags: EraseFlags, exit: Exit): Promise<void> {
  await administer(flags, exit, async (api) => {
    const requested = await api.call<{ erasure_id: string }>(
      'DELETE',
      `/api/v1/users?user_id=${encodeURIComponent(user)}`,
    );
    const { erasure_id: id } = requested;
    if (flags.wait !== true) {
      toStdout(flags.json === true ? JSON.stringify(requested) : `erasure_id=${id}`);
      return;
    }
    const { status, removed } = await ended(api, id);
    const counts = Object.entries(removed).map(([place, count]) => `${place}=${count}`);
    toStdout(
      flags.json === true
        ? JSON.stringify({ ...requested, status, removed })
        : [`erasure_id=${id}`, `status=${status}`, ...counts].join(' '),
    );
    if (status !== 'done') exit(1);
  });
}

async function ended(api: ApiClient, id: string): Promise<Erasure> {
  let told = '';
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    let now: string;
    try {
      const erasure = await api.call<Erasure>('GET', `/api/v1/erasures/${id}`);
      const { status } = erasure;
      if (status === 'done' || status === 'failed' || Date.now() > until) return erasure;
      now = `status=${status}`;
    } catch (error) {
      // The work on it goes on without the API.
      if (!(error instanceof ApiUnavailableError) || Date.now() > until) throw error;
      now = `waiting reason=${JSON.stringify(error.message)}`;
    }
    if (now !== told) toStderr(`erasure_id=${id} ${now}`);
    told = now;
    await delay(PAUSE_MS);
  }
}
