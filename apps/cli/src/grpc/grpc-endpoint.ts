import { join } from 'node:path';
import type { CliConfig } from '@app/config';
import { readLocalInstance } from '../api/endpoint';
import { CannotRunError } from '../cannot-run.error';

/** A gRPC server and a key for it. */
export interface GrpcEndpoint {
  /** As `host:port`. */
  readonly address: string;
  readonly key: string;
}

export interface GrpcFlags {
  /** True without a value: what runs on this machine. */
  readonly grpc?: string | true;
  readonly key?: string;
}

/**
 * Where to send: flags, else what runs on this machine, whose key goes to its own address only.
 *
 * @throws {CannotRunError} saying what is missing.
 */
export function resolveGrpcEndpoint(flags: GrpcFlags, config: CliConfig): GrpcEndpoint {
  const address = typeof flags.grpc === 'string' ? flags.grpc : undefined;
  const key = flags.key ?? config.key;
  if (address !== undefined && key !== undefined) return { address, key };
  const file = join(config.dataDir, 'cli.json');
  const local = readLocalInstance(file);
  if (local?.grpc === undefined) {
    throw new CannotRunError(
      `no gRPC server to talk to: give --grpc HOST:PORT and --key (or MILLRACE_KEY), or run npm start first; ` +
        `there is none in ${file} (MILLRACE_DATA_DIR names the folder)`,
    );
  }
  if (address !== undefined && address !== local.grpc) {
    throw new CannotRunError(
      `no key for ${address}: give --key or MILLRACE_KEY; the one in ${file} is for ${local.grpc}`,
    );
  }
  return { address: local.grpc, key: key ?? local.key };
}
