import { loadCliConfig, readEnvironment } from '@app/config';
import { uuidV7 } from '@app/events';
import type { SentEvent } from '@app/proto';
import { status, type ServiceError } from '@grpc/grpc-js';
import type { Command } from 'commander';
import { CannotRunError } from '../../cannot-run.error';
import { EventIngestClient } from '../../grpc/event-ingest.client';
import { resolveGrpcEndpoint, type GrpcFlags } from '../../grpc/grpc-endpoint';
import { toStderr, toStdout } from '../../log-line';

interface PublishFlags extends GrpcFlags {
  readonly eventId?: string;
  readonly source?: string;
  readonly userId?: string;
  readonly amount?: string;
  readonly data?: string;
}

const TIMEOUT_MS = 15_000;

const HELP = `
For example:   millrace publish user.created --user-id u1 --data '{"plan":"pro"}'

It is the example of a gRPC client, too: docs/grpc.md has the contract.

Exit code: 0 accepted, 1 refused, 2 could not run, or unknown: send it again with the --event-id that was printed.`;

/** Adds `millrace publish`. `exit` is told the code that the process has to end with. */
export function addPublishCommand(program: Command, exit: (code: number) => void): void {
  program
    .command('publish')
    .argument('<name>', 'what happened, as user.created')
    .description('publish one event over gRPC')
    .option('--event-id <uuid>', 'its identity (default: a new one)')
    .option('--source <text>', 'which system it comes from')
    .option('--user-id <text>', 'whom it is about')
    .option('--amount <number>', 'a number')
    .option('--data <json>', 'a JSON object')
    .option('--grpc [address]', 'gRPC server as HOST:PORT (default: what npm start left on this machine)')
    .option('--key <key>', 'API key (or MILLRACE_KEY)')
    .addHelpText('after', HELP)
    .action(async (name: string, flags: PublishFlags) => {
      exit(await publish(name, flags));
    });
}

async function publish(name: string, flags: PublishFlags): Promise<number> {
  const client = new EventIngestClient(resolveGrpcEndpoint(flags, loadCliConfig(readEnvironment())));
  const event = toEvent(name, flags);
  try {
    toStdout(JSON.stringify(await client.publish({ event }, TIMEOUT_MS)));
    return 0;
  } catch (error) {
    const { code, details } = error as ServiceError;
    if (code === status.INVALID_ARGUMENT) {
      toStderr(details);
      return 1;
    }
    throw new CannotRunError(`${status[code]}: ${details} (event_id ${event.event_id ?? ''})`, { cause: error });
  } finally {
    client.close();
  }
}

function toEvent(name: string, flags: PublishFlags): SentEvent {
  return {
    name,
    event_id: flags.eventId ?? uuidV7(),
    ...(flags.source !== undefined && { source: flags.source }),
    ...(flags.userId !== undefined && { user_id: flags.userId }),
    ...(flags.amount !== undefined && { amount: Number(flags.amount) }),
    ...(flags.data !== undefined && { data_json: flags.data }),
  };
}
