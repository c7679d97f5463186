import type { CommittedSegment, EventPlace, PageBounds } from '@app/persistence';
import type { GroupBounds } from './duckdb/group-bounds';

/** Rows that the first look of a page takes in, and how much more each further look. */
const FIRST_LOOK_ROWS = 24_576;
const LOOK_GROWTH = 4;

/** Of one look: the files of so many rows, some 200 MB, must be on this machine at once. */
const MAX_LOOK_ROWS = 4_000_000;

/** A stretch of time, and the files that have events in it. Milliseconds since 1970; the end is not in it. */
export interface Window {
  readonly files: readonly string[];
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

/** Rows that lie between two times: a group of rows, or a whole file that was not opened. */
interface Span {
  readonly file: string;
  readonly rows: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly opened: boolean;
}

/**
 * The stretches of time in which a list is looked for, newest first, each behind the one before it and larger. A file is
 * opened when it reaches into a stretch that is asked for: the first page of a long history needs the newest files only.
 */
export class ListWindows {
  private spans: readonly Span[];
  private readonly beginMs: number;
  private toMs: number;
  /** Spans that begin to count below it: the others were counted in an earlier stretch. */
  private countedMs = Infinity;
  private wanted = FIRST_LOOK_ROWS;

  constructor(
    segments: readonly CommittedSegment[],
    private readonly projectId: number,
    { filter: { from, to } = {}, before }: PageBounds,
    private readonly groupsOf: (files: readonly string[]) => Promise<readonly GroupBounds[]>,
  ) {
    this.beginMs = from?.getTime() ?? -Infinity;
    this.toMs = Math.min(to?.getTime() ?? Infinity, before === undefined ? Infinity : endBehind(before));
    this.spans = this.inside(segments.map(toSpan));
  }

  /** Whether there is a further one. */
  get more(): boolean {
    return this.spans.some(({ minMs, maxMs }) => maxMs < this.countedMs && minMs < this.toMs);
  }

  async next(): Promise<Window | undefined> {
    while (this.more) {
      const fromMs = this.nextFromMs();
      const spans = this.spans.filter(({ minMs, maxMs }) => minMs < this.toMs && maxMs >= fromMs);
      const closed = spans.filter(({ opened }) => !opened);
      if (closed.length > 0) {
        await this.open(new Set(closed.map(({ file }) => file)));
        continue;
      }
      const window = {
        files: [...new Set(spans.map(({ file }) => file))],
        fromMs: finite(fromMs),
        toMs: finite(this.toMs),
      };
      [this.toMs, this.countedMs] = [fromMs, fromMs];
      this.wanted = Math.min(this.wanted * LOOK_GROWTH, MAX_LOOK_ROWS);
      return window;
    }
    return undefined;
  }

  private nextFromMs(): number {
    const left = this.spans.filter(({ minMs, maxMs }) => minMs < this.toMs && maxMs < this.countedMs);
    let rows = 0;
    for (const [index, span] of left.entries()) {
      rows += span.rows;
      const following = left[index + 1];
      const fromMs = Math.max(this.beginMs, following === undefined ? -Infinity : following.maxMs + 1);
      // Those that reach as far back as the next one belong to the same stretch.
      if (following === undefined || (rows >= this.wanted && fromMs < this.toMs)) return fromMs;
    }
    return this.beginMs;
  }

  private async open(files: ReadonlySet<string>): Promise<void> {
    const groups = await this.groupsOf([...files]);
    const own = groups.filter(
      ({ minProjectId, maxProjectId }) => minProjectId <= this.projectId && this.projectId <= maxProjectId,
    );
    const others = this.spans.filter(({ file }) => !files.has(file));
    this.spans = this.inside([...others, ...own.map((group) => ({ ...group, opened: true }))]);
  }

  /** Newest first. */
  private inside(spans: readonly Span[]): Span[] {
    return spans.filter(({ maxMs }) => maxMs >= this.beginMs).sort((a, b) => b.maxMs - a.maxMs);
  }
}

/** No id is less. */
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** The place behind all events of a stretch, when something is left to be looked through behind it. */
export function endOf({ fromMs }: Window): EventPlace | undefined {
  return fromMs === undefined ? undefined : { occurredAt: new Date(fromMs), eventId: FIRST_ID };
}

/** The place itself is in a millisecond that the page may still have events of; a page that goes on behind a stretch has none. */
function endBehind({ occurredAt, eventId }: EventPlace): number {
  return occurredAt.getTime() + (eventId === FIRST_ID ? 0 : 1);
}

function toSpan({ file, rows, minOccurredAt, maxOccurredAt }: CommittedSegment): Span {
  return { file, rows, minMs: minOccurredAt.getTime(), maxMs: maxOccurredAt.getTime(), opened: false };
}

function finite(ms: number): number | undefined {
  return Number.isFinite(ms) ? ms : undefined;
}
