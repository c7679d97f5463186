/** What one process shows at a moment: values by name and labels, as they stand in the text. */
export class Scrape {
  private constructor(private readonly values: ReadonlyMap<string, number>) {}

  /** @param url of the process' HTTP server. @throws when a line is none of Prometheus' text format, or a series is there twice. */
  static async of(url: string): Promise<Scrape> {
    const answer = await fetch(`${url}/metrics`);
    if (!answer.ok) throw new Error(`/metrics answered ${answer.status}.`);
    return new Scrape(parse(await answer.text()));
  }

  /** The value of one series, like `http_requests_total{method="GET"}`; undefined when it is not there. */
  value(series: string): number | undefined {
    return this.values.get(series);
  }

  /** Of all series of a name; undefined when there is none. */
  sum(name: string): number | undefined {
    const found = [...this.values].filter(([series]) => series === name || series.startsWith(`${name}{`));
    return found.length === 0 ? undefined : found.reduce((sum, [, value]) => sum + value, 0);
  }
}

const SAMPLE = /^([a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)+\})?) (\S+)$/;
const COMMENT = /^# (HELP|TYPE) [a-z_]+ .+$/;

function parse(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || COMMENT.test(line)) continue;
    const [, series, value] = SAMPLE.exec(line) ?? [];
    if (series === undefined || value === undefined || Number.isNaN(Number(value)))
      throw new Error(`No sample: ${line}`);
    if (values.has(series)) throw new Error(`Twice: ${series}`);
    values.set(series, Number(value));
  }
  return values;
}
