import DataLoader from 'dataloader';
import type { Statistics } from '@app/analytics';
import type { EventFilter, EventPage, EventPlace, EventReader, StoredEvent } from '@app/persistence';
import { ProblemError } from '../transport/problem';

/** Of the JSON of events that one request reads, and of what one answer shows of it. */
const MAX_BYTES = 8 << 20;
/** Where few events agree with a filter, so many times more 2000 rows are looked through for the newest of them. */
const MAX_MORE_LOOKS = 20;

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
 * What one request reads: nothing twice, one query at a time, events up to 8 MiB altogether, and nothing more when the
 * client is gone. It shows 8 MiB of them, counted as often as they go out. So a document of many aliases takes no more of
 * PostgreSQL and of the memory than a few calls of REST. When PostgreSQL is away, all that is still to be read fails with
 * the first.
 */
export class GraphqlReads {
  private last: Promise<unknown> = Promise.resolve();
  private bytesLeft = MAX_BYTES;
  private bytesToShow = MAX_BYTES;
  private looksLeft = MAX_MORE_LOOKS;
  private readonly sizes = new WeakMap<object, number>();
  private readonly answers = new Map<string, Promise<unknown>>();
  private readonly events = new DataLoader<string, StoredEvent | undefined>((ids) =>
    this.inTurn(() => this.byIds(ids)),
  );

  constructor(
    private readonly sources: ReadSources,
    private readonly projectId: number,
    private readonly isGone: () => boolean,
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
      for (;;) {
        const page = await this.readPage({ limit: limit - events.length, before, filter });
        events.push(...page.events);
        before = page.next;
        if (before === undefined || events.length >= limit) return events;
        if (this.bytesLeft <= 0) throw tooMuch('The events of this request have more than 8 MiB');
        if (this.looksLeft <= 0 || this.isGone())
          throw tooMuch('Too few events agree with the filter to find them at once');
        this.looksLeft -= 1;
      }
    });
  }

  /** Counts JSON that goes out. @throws {ProblemError} 422 beyond 8 MiB. */
  show<J extends object>(json: J): J {
    if (this.bytesToShow <= 0) throw tooMuch('The events of this answer have more than 8 MiB');
    this.bytesToShow -= this.sizeOf(json);
    return json;
  }

  /** Of a subscription, each event is an answer. */
  beginAnswer(): void {
    this.bytesToShow = MAX_BYTES;
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
    const answer = this.last.then(() => {
      if (this.isGone()) throw tooMuch('Nobody waits for this');
      return read();
    });
    // What is refused says nothing about the others.
    this.last = answer.catch((error: unknown) => {
      if (!(error instanceof ProblemError)) throw error;
    });
    this.last.catch(() => undefined);
    return answer;
  }

  private async byIds(ids: readonly string[]): Promise<(StoredEvent | undefined)[]> {
    const { reader } = this.sources;
    const events = new Map<string, StoredEvent>();
    const take = (event: StoredEvent): void => {
      events.set(event.eventId, event);
      this.bytesLeft -= this.sizeOf(event.data) + this.sizeOf(event.context ?? {});
    };
    for (const event of await reader.several(this.projectId, ids, Math.max(this.bytesLeft, 0))) take(event);
    // Together they may be too large, which `several` does not tell from unknown ones.
    for (const id of ids.filter((each) => !events.has(each))) {
      if (this.bytesLeft <= 0) throw tooMuch('The events of this request have more than 8 MiB');
      const event = await reader.one(this.projectId, id);
      if (event !== undefined) take(event);
    }
    return ids.map((id) => events.get(id));
  }

  private sizeOf(json: object): number {
    const known = this.sizes.get(json);
    if (known !== undefined) return known;
    const size = Buffer.byteLength(JSON.stringify(json));
    this.sizes.set(json, size);
    return size;
  }
}

function tooMuch(why: string): ProblemError {
  const detail = `${why}: ask for fewer, or for a page of "events", which tells where it ends.`;
  return new ProblemError({ status: 422, code: 'too-costly', title: 'The request asks for too much', detail });
}
