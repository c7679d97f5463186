import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { PipelineError } from '@app/events';
import { EventReader, type StoredEvent } from '@app/persistence';
import { StoredWaiter, type KnownOutcomes } from './stored-waiter';
import type { WaitFor } from './waiting-request';

/** What a request that has waited knows of its events. */
export interface SettledEvents {
  readonly outcomes: KnownOutcomes;
  /** Those that are stored, by id. */
  readonly rows: ReadonlyMap<string, StoredEvent>;
}

/** Of the JSON of stored events in one answer. What a request brings itself has 5 MiB; known ids may name a lot more. */
const MAX_ANSWER_BYTES = 8 << 20;

/** Waits for the events of a request, and reads them. */
@Injectable()
export class StoredEvents {
  constructor(
    private readonly waiter: StoredWaiter,
    private readonly reader: EventReader,
  ) {}

  /**
   * @returns undefined when not everything is known in time, or when it is too much to show: what was accepted is still
   * accepted.
   */
  async settled(wanted: WaitFor, response: ServerResponse): Promise<SettledEvents | undefined> {
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
    });
    if (response.destroyed) return undefined;
    const outcomes = await this.waiter.wait(wanted, gone.signal);
    if (outcomes.size < wanted.eventIds.size || gone.signal.aborted) return undefined;
    const stored = [...outcomes].flatMap(([eventId, { kind }]) => (kind === 'stored' ? [eventId] : []));
    const rows = await this.read(wanted.projectId, stored);
    // A row that is not there any more, or too large, cannot be shown; that the event was accepted stays true.
    return rows?.length === stored.length
      ? { outcomes, rows: new Map(rows.map((row) => [row.eventId, row])) }
      : undefined;
  }

  private async read(projectId: number, eventIds: readonly string[]): Promise<StoredEvent[] | undefined> {
    try {
      return eventIds.length === 0 ? [] : await this.reader.several(projectId, eventIds, MAX_ANSWER_BYTES);
    } catch (error) {
      // Who hears that nothing is known sends everything again, with new ids where they had none.
      if (error instanceof PipelineError && error.retriable) return undefined;
      throw error;
    }
  }
}
