import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CliConfig } from '@app/config';
import { CannotRunError } from '../cannot-run.error';
import { nodeErrorCode } from '../node-error';

/** An API and a key for it. */
export interface Endpoint {
  readonly url: string;
  readonly key: string;
}

/** What `npm start` leaves in the data folder for the CLI on the same machine, and removes on a clean stop. */
interface LocalInstance extends Endpoint {
  /** As `host:port`. */
  readonly grpc?: string;
  readonly pid: number;
}

export interface EndpointFlags {
  readonly url?: string;
  readonly key?: string;
}

/**
 * Where to send: flags, else the environment, else what runs on this machine. A local key only ever goes to the local
 * address: a foreign URL without a key of its own is an error, not a reason to show it ours.
 *
 * @throws {CannotRunError} saying what is missing.
 */
export function resolveEndpoint(flags: EndpointFlags, config: CliConfig): Endpoint {
  const url = flags.url ?? config.url;
  const key = flags.key ?? config.key;
  if (url !== undefined && !/^https?:\/\/./.test(url)) throw new CannotRunError(`--url must begin with http://`);
  if (url !== undefined && key !== undefined) return { url, key };
  const file = join(config.dataDir, 'cli.json');
  const local = readLocalInstance(file);
  if (local === undefined) {
    const missing = [
      url === undefined ? '--url (or MILLRACE_URL)' : '',
      key === undefined ? '--key (or MILLRACE_KEY)' : '',
    ];
    throw new CannotRunError(
      `no API to talk to: give ${missing.filter((name) => name !== '').join(' and ')}, or run npm start first; ` +
        `there is no ${file} (MILLRACE_DATA_DIR names the folder)`,
    );
  }
  if (url !== undefined && trimSlash(url) !== trimSlash(local.url)) {
    throw new CannotRunError(`no key for ${url}: give --key or MILLRACE_KEY; the one in ${file} is for ${local.url}`);
  }
  if (!isRunning(local.pid)) {
    throw new CannotRunError(
      `${file} was left by process ${local.pid}, which does not run any more; run npm start, or give --url and --key`,
    );
  }
  return { url: local.url, key: key ?? local.key };
}

function trimSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

/** @throws {CannotRunError} when the file cannot be read, or holds something else. */
export function readLocalInstance(file: string): LocalInstance | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (nodeErrorCode(error) === 'ENOENT') return undefined;
    throw new CannotRunError(`cannot read ${file}: ${String(error)}`, { cause: error });
  }
  const content = parseJson(text);
  if (isLocalInstance(content)) return content;
  throw new CannotRunError(`${file} does not hold url, key and pid; remove it, or give --url and --key`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isLocalInstance(value: unknown): value is LocalInstance {
  if (typeof value !== 'object' || value === null) return false;
  const { url, key, pid } = value as Record<string, unknown>;
  return typeof url === 'string' && typeof key === 'string' && typeof pid === 'number';
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 only asks
    return true;
  } catch (error) {
    return nodeErrorCode(error) === 'EPERM';
  }
}
