import type { FileContent } from './file-content';

/**
 * Where the files of the cold tier are. A file that is published never changes; readers open it by a path on this
 * machine.
 */
export abstract class SegmentStorage {
  /** Makes sure that drafts can be written. Before every run, and as often as one likes. */
  abstract prepare(): Promise<void>;

  /** A path on this machine for what is being written and is nobody's to read: its name ends in `.tmp`. */
  abstract draftPath(name: string): string;

  /** Resolves once the bytes of the draft are on disk. */
  abstract settle(draft: string): Promise<void>;

  /** Gives a settled draft its final name. It survives the loss of power from here on. */
  abstract publish(draft: string, file: string): Promise<void>;

  /**
   * Gives `read` paths on this machine of published files, in their order; they hold until it has ended. It may be called
   * again when a file was gone before it was opened.
   *
   * @throws {SegmentGoneError} {SegmentUnavailableError} {SegmentDiffersError} where a file must be fetched first.
   */
  abstract reading<T>(files: readonly string[], read: (paths: readonly string[]) => Promise<T>): Promise<T>;

  /** Whether the published file is there. */
  abstract has(file: string): Promise<boolean>;

  /**
   * What the storage itself has of a published file. Reads all of it.
   *
   * @throws {SegmentGoneError} {SegmentUnavailableError} {SegmentDiffersError}
   */
  abstract stored(file: string): Promise<FileContent>;

  /** Removes them, whether they are there or not. What was published stays away from here on, also when the power is lost. */
  abstract remove(files: readonly string[]): Promise<void>;

  /** Every name that is there and begins so, drafts too. */
  abstract list(prefix: string): Promise<string[]>;

  /** May be called twice; nothing may be running. */
  abstract close(): Promise<void>;
}
