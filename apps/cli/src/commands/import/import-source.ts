import { createReadStream, statSync, type Stats } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { addAbortSignal, PassThrough, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CannotRunError } from '../../cannot-run.error';

/** The bytes of a file to import, inflated when they begin like gzip, whatever the name says. */
export interface ImportSource {
  readonly name: string;
  /** Bytes on disk; unknown for standard input. */
  readonly size: number | undefined;
  /** Bytes read so far, as they are on disk. */
  bytesRead(): number;
  chunks(): AsyncIterable<Buffer>;
}

const CHUNK_BYTES = 262_144;

/**
 * @param file `-` is standard input.
 * @param interrupt ends the reading, also while it waits for a pipe; `chunks` then throws.
 * @throws {CannotRunError} when there is no such file.
 */
export function openImportSource(file: string, interrupt: AbortSignal): ImportSource {
  if (file === '-') return sourceOf('-', undefined, () => addAbortSignal(interrupt, process.stdin));
  const stats = statOf(file);
  if (stats.isDirectory()) throw new CannotRunError(`${file} is a folder`);
  const size = stats.isFile() ? stats.size : undefined;
  return sourceOf(file, size, () => createReadStream(file, { highWaterMark: CHUNK_BYTES, signal: interrupt }));
}

function statOf(file: string): Stats {
  try {
    return statSync(file);
  } catch (error) {
    throw new CannotRunError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}

function sourceOf(name: string, size: number | undefined, open: () => Readable): ImportSource {
  let read = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of open() as AsyncIterable<Buffer>) {
      read += chunk.length;
      yield chunk;
    }
  }
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      yield* inflated(counted());
    } catch (error) {
      throw new CannotRunError(`cannot read ${name} to its end: ${messageOf(error)}`, { cause: error });
    }
  }
  return { name, size, bytesRead: () => read, chunks };
}

async function* inflated(raw: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const head = await atLeastTwoBytes(raw);
  const gzip = head[0] === 0x1f && head[1] === 0x8b;
  if (!gzip) {
    yield head;
    yield* raw;
    return;
  }
  const output = new PassThrough({ highWaterMark: CHUNK_BYTES });
  const done = pipeline(concatenated(head, raw), createGunzip({ chunkSize: CHUNK_BYTES }), output);
  // The failure also ends the reading below; without this line Node would count it as unhandled meanwhile.
  done.catch(() => undefined);
  yield* output as AsyncIterable<Buffer>;
  await done;
}

/** A pipe may hand out its first bytes one at a time. */
async function atLeastTwoBytes(raw: AsyncGenerator<Buffer>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 2) {
    const next = await raw.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

async function* concatenated(head: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  yield head;
  yield* rest;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
