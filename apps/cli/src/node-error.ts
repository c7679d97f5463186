/** The code of an error of Node (`ENOENT`), or undefined. By shape: under jest such errors are of another realm. */
export function nodeErrorCode(error: unknown): string | undefined {
  const coded = typeof error === 'object' && error !== null && 'code' in error;
  return coded && typeof error.code === 'string' ? error.code : undefined;
}
