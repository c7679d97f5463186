import { DecimalSum } from './decimal-sum';

/** How many events there were, and the sum of their amounts. */
export class Tally {
  constructor(
    public count = 0,
    readonly amount = new DecimalSum(),
  ) {}

  addEvent(amount: number | undefined): void {
    this.count += 1;
    if (amount !== undefined) this.amount.add(amount);
  }

  addAll(other: Tally): void {
    this.count += other.count;
    this.amount.addAll(other.amount);
  }

  negated(): Tally {
    return new Tally(-this.count, this.amount.negated());
  }
}

export interface SpanRow {
  readonly projectId: number;
  readonly start: number;
  readonly name: string;
  readonly tally: Tally;
}

interface Span {
  readonly projectId: number;
  readonly start: number;
  readonly names: Map<string, Tally>;
}

/** Counts by project, start of a span of time (a minute, a day, a month), and name. */
export class SpanCounts {
  private readonly projects = new Map<number, Map<number, Span>>();
  /** Nearly all events of a batch are of one project and minute. */
  private last: Span | undefined;

  at(projectId: number, start: number, name: string): Tally {
    const { names } = this.span(projectId, start);
    let tally = names.get(name);
    if (tally === undefined) names.set(name, (tally = new Tally()));
    return tally;
  }

  /** By project, start and name. */
  rows(): SpanRow[] {
    return this.sorted().flatMap(({ projectId, start, names }) =>
      [...names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, tally]) => ({ projectId, start, name, tally })),
    );
  }

  /** By project and start: all names together, under the name ''. */
  totals(): SpanRow[] {
    return this.sorted().map(({ projectId, start, names }) => {
      const tally = new Tally();
      for (const part of names.values()) tally.addAll(part);
      return { projectId, start, name: '', tally };
    });
  }

  private sorted(): Span[] {
    const spans = [...this.projects.values()].flatMap((starts) => [...starts.values()]);
    return spans.sort((a, b) => a.projectId - b.projectId || a.start - b.start);
  }

  private span(projectId: number, start: number): Span {
    if (this.last?.start === start && this.last.projectId === projectId) return this.last;
    let starts = this.projects.get(projectId);
    if (starts === undefined) this.projects.set(projectId, (starts = new Map<number, Span>()));
    let span = starts.get(start);
    if (span === undefined) starts.set(start, (span = { projectId, start, names: new Map() }));
    this.last = span;
    return span;
  }
}
