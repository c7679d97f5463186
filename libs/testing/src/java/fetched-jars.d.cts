/** The java command: that of JAVA_HOME, else the one of the PATH. */
export function javaCommand(): string;

/** Where jars are kept that Maven fetched once. */
export function jarFolder(name: string): string;

/** A sentence saying what a program of these jars lacks on this machine; undefined: nothing. */
export function missingForJars(what: string, folder: string): string | undefined;

/**
 * Fills the folder, which is there only when it is complete.
 *
 * @param maven arguments, but for the folder.
 * @param check throws when what was fetched is not what was meant.
 */
export function fetchJars(
  what: string,
  folder: string,
  maven: readonly string[],
  check?: (folder: string) => void,
): Promise<void>;
