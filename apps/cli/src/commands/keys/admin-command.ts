import type { Command } from 'commander';
import { ApiClient, RefusedByApiError } from '../../api/api-client';
import type { EndpointFlags } from '../../api/endpoint';
import { toStderr } from '../../log-line';

export interface AdminFlags extends EndpointFlags {
  readonly json?: boolean;
}

/** Exit code of what the API has refused; 2 is that it could not be asked. */
const REFUSED = 1;

/** The flags of every command that administers the service. */
export function withAdminFlags(command: Command): Command {
  return command
    .option('--url <url>', 'API to talk to (or MILLRACE_URL; else what npm start left on this machine)')
    .option('--key <key>', 'API key with the scope admin (or MILLRACE_KEY)')
    .option('--json', 'print the answer of the API as JSON, for programs');
}

/** Runs one command of the administration; `exit` is told the code when the API says no. */
export async function administer(
  flags: EndpointFlags,
  exit: (code: number) => void,
  work: (api: ApiClient) => Promise<void>,
): Promise<void> {
  try {
    await work(ApiClient.of(flags));
  } catch (error) {
    if (!(error instanceof RefusedByApiError)) throw error;
    toStderr(`millrace: ${error.message}`);
    exit(REFUSED);
  }
}
