/** The same text in memory of its own: what was cut out of another text, or put together with it, keeps that whole one alive. */
export function detached(text: string): string {
  return Buffer.from(text).toString();
}
