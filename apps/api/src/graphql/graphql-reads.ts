import DataLoader from 'dataloader';
import type { Statistics } from '@app/analytics';
import type { EventFilter, EventPage, EventPlace, EventReader, StoredEvent } from '@app/persistence';
import { problems, ProblemError } from '../transport/problem';

/** Of the JSON of all events that one request shows. */
const MAX_BYTES = 8 << 20;
/** Where few events agree with a filter, so many times 2000 rows are looked through for the newest of them. */
const MAX_LOOKS = 20;

export interface ReadSources {
  readonly reader: EventReader;
  readonly statistics: Statistics;
}

/** Events at most, behind a place, that agree with a filter. */
export interface WantedPage {
  readonly limit: number;
  readonly before: EventPlace | undefined;
  readonly filter: EventFilter;
}

/**
 * What one request reads: nothing twice, one query at a time, and events up to 8 MiB altogether. So a document of many
 * aliases takes no more of PostgreSQL and of the memory than a few calls of REST. When PostgreSQL is away, all that is
 * still to be read fails with the first.
 */
export class GraphqlReads {
  private last: Promise<unknown> = Promise.resolve();
  private bytesLeft = MAX_BYTES;
  private readonly answers = new Map<string, Promise<unknown>>();
  private readonly events = new DataLoader<string, StoredEvent | undefined>((ids) =>
    this.inTurn(() => this.byIds(ids)),
  );

  constructor(
    private readonly sources: ReadSources,
    private readonly projectId: number,
  ) {}

  /** @param eventId a UUID in lower case. */
  event(eventId: string): Promise<StoredEvent | undefined> {
    return this.events.load(eventId);
  }

  /** A page; it ends early where REST's does. */
  page(wanted: WantedPage): Promise<EventPage> {
    return this.once(['page', wanted], () => this.readPage(wanted));
  }

  /** The newest `limit` events. @throws {ProblemError} 422 when it would take too much to say which they are. */
  newest(limit: number, filter: EventFilter): Promise<readonly StoredEvent[]> {
    return this.once(['newest', limit, filter], async () => {
      const events: StoredEvent[] = [];
      let before: EventPlace | undefined;
      for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
        const page = await this.readPage({ limit: limit - events.length, before, filter });
        events.push(...page.events);
        before = page.next;
        if (before === undefined || events.length >= limit) return events;
        if (this.bytesLeft <= 0) throw tooMuch('limit', 'asks for more than 8 MiB of events');
      }
      throw tooMuch('filter', 'agrees with too few events to find the newest of them at once');
    });
  }

  /** The answer to a question about numbers; asked again, it is the same. */
  numbers<Q extends object, R>(
    name: string,
    question: Q,
    ask: (statistics: Statistics, projectId: number, question: Q) => Promise<R>,
  ): Promise<R> {
    return this.once([name, question], () => ask(this.sources.statistics, this.projectId, question));
  }

  private async readPage(wanted: WantedPage): Promise<EventPage> {
    const page = await this.sources.reader.newest(this.projectId, { ...wanted, maxBytes: Math.max(this.bytesLeft, 0) });
    this.bytesLeft -= page.bytes;
    return page;
  }

  private once<R>(question: readonly unknown[], read: () => Promise<R>): Promise<R> {
    const key = JSON.stringify(question);
    const known = this.answers.get(key) as Promise<R> | undefined;
    if (known !== undefined) return known;
    const answer = this.inTurn(read);
    this.answers.set(key, answer);
    return answer;
  }

  private inTurn<R>(read: () => Promise<R>): Promise<R> {
    const answer = this.last.then(read);
    // What is refused says nothing about the others.
    this.last = answer.catch((error: unknown) => {
      if (!(error instanceof ProblemError)) throw error;
    });
    this.last.catch(() => undefined);
    return answer;
  }

  private async byIds(ids: readonly string[]): Promise<(StoredEvent | undefined)[]> {
    const { reader } = this.sources;
    const found = await reader.several(this.projectId, ids, Math.max(this.bytesLeft, 0));
    const events = new Map(found.map((event) => [event.eventId, event]));
    // Together they may be too large, which `several` does not tell from unknown ones.
    for (const id of ids) {
      const event = events.get(id) ?? (await reader.one(this.projectId, id));
      if (event !== undefined) events.set(id, event);
    }
    return ids.map((id) => events.get(id));
  }
}

function tooMuch(field: string, message: string): ProblemError {
  const detail = `${field} ${message}: ask for a page of "events", which tells where it ends.`;
  return new ProblemError(problems.invalid(detail, [{ field, code: 'range', message: `${message}; ask for events` }]));
}
