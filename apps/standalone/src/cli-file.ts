import { DataFolder } from '@app/embedded';

/** What the command line on this machine needs to find the API. */
export interface CliFile {
  readonly url: string;
  /** Where gRPC is, as `host:port`. */
  readonly grpc: string;
  readonly key: string;
  readonly pid: number;
}

const NAME = 'cli.json';

export function writeCliFile(folder: DataFolder, content: CliFile): void {
  folder.write(NAME, `${JSON.stringify(content)}\n`);
}

export function removeCliFile(folder: DataFolder): void {
  folder.remove(NAME);
}

/** What the process that runs on a folder has left there; undefined before it has, or when we may not read it. */
export function readCliFile(folder: string): CliFile | undefined {
  try {
    const text = DataFolder.read(folder, NAME);
    return text === undefined ? undefined : (JSON.parse(text) as CliFile);
  } catch {
    return undefined;
  }
}
