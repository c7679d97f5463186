/** Values with spaces, quotes or `=` are written as JSON strings, so that a line can be taken apart again. */
export function logLine(event: string, values: Readonly<Record<string, string | number | boolean>>): string {
  const pairs = Object.entries(values).map(([key, value]) => {
    const text = String(value);
    return `${key}=${/^[^\s"=]+$/.test(text) ? text : JSON.stringify(text)}`;
  });
  return [event, ...pairs].join(' ');
}

export function toStdout(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
