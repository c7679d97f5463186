import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { START } from './start';

export interface GraphiqlFile {
  readonly contentType: string;
  /** Compressed: every browser takes that. */
  readonly gzipped: Buffer;
}

const SCRIPT = 'text/javascript; charset=utf-8';
const FROM_PACKAGE = {
  'graphiql.js': { member: 'js', contentType: SCRIPT },
  'graphiql.css': { member: 'css', contentType: 'text/css; charset=utf-8' },
  'editor.worker.js': { member: 'editorWorkerService', contentType: SCRIPT },
  'json.worker.js': { member: 'jsonWorker', contentType: SCRIPT },
  'graphql.worker.js': { member: 'graphqlWorker', contentType: SCRIPT },
} as const;

/** The files that the page loads. */
export const GRAPHIQL_FILES: readonly string[] = [...Object.keys(FROM_PACKAGE), 'start.js'];

/** The files of the page: made when first asked for, and kept compressed, 2.4 MB of the package's 9. */
@Injectable()
export class GraphiqlFiles {
  private files: Promise<ReadonlyMap<string, GraphiqlFile>> | undefined;

  /** One of `GRAPHIQL_FILES`, or undefined. */
  async file(name: string): Promise<GraphiqlFile | undefined> {
    if (!GRAPHIQL_FILES.includes(name)) return undefined;
    this.files ??= readFiles();
    try {
      return (await this.files).get(name);
    } catch (error) {
      this.files = undefined;
      throw error;
    }
  }
}

async function readFiles(): Promise<ReadonlyMap<string, GraphiqlFile>> {
  // Not by import: what was imported once stays for ever.
  const load = createRequire(__filename);
  const path = require.resolve('@graphql-yoga/render-graphiql/graphiql');
  const texts = load(path) as Readonly<Record<(typeof FROM_PACKAGE)[keyof typeof FROM_PACKAGE]['member'], string>>;
  // One after the other: of the threads that compress, an API has four for everything.
  const files = new Map([['start.js', await fileOf(SCRIPT, START)]]);
  for (const [name, { member, contentType }] of Object.entries(FROM_PACKAGE))
    files.set(name, await fileOf(contentType, texts[member]));
  // The texts themselves are 9 MB that nobody needs again.
  Reflect.deleteProperty(load.cache, path);
  return files;
}

async function fileOf(contentType: string, text: string): Promise<GraphiqlFile> {
  const gzipped = await promisify(gzip)(text, { level: 9 });
  return { contentType, gzipped };
}
