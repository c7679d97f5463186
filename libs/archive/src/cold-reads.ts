import {
  ColdEvents,
  ColdFileGoneError,
  ColdUnavailableError,
  type ArchivedTimes,
  type ColdCount,
  type ColdUserDay,
  type CommittedSegment,
  type EventPage,
  type EventPlace,
  type PageBounds,
  StoreUnavailableError,
  type StoredEvent,
  type TakeRows,
} from '@app/persistence';
import { PipelineError } from '@app/events';
import { SegmentGoneError } from './archive.error';
import { ColdStore } from './cold-store';
import type { Engine } from './duckdb/engine';
import { GroupBoundsReader } from './duckdb/group-bounds';
import { ReadPlaces } from './read-places';
import type { SegmentStorage } from './segment-storage.port';

type Read<T> = (events: ColdEvents) => Promise<T>;

/**
 * Old events for the readers of a process: few reads at a time, none for long. A file that is not there is told from
 * everything else that may fail.
 */
export class ColdReads extends ColdEvents {
  private readonly bounds: GroupBoundsReader;

  constructor(
    private readonly storage: SegmentStorage,
    private readonly engine: Engine,
    private readonly places = new ReadPlaces(),
  ) {
    super();
    this.bounds = new GroupBoundsReader(storage);
  }

  override newest(segments: readonly CommittedSegment[], projectId: number, bounds: PageBounds): Promise<EventPage> {
    return this.read(segments, (events) => events.newest(segments, projectId, bounds), bounds.signal);
  }

  override several(
    segments: readonly CommittedSegment[],
    projectId: number,
    places: readonly EventPlace[],
    maxBytes: number,
  ): Promise<StoredEvent[]> {
    return this.read(segments, (events) => events.several(segments, projectId, places, maxBytes));
  }

  override times(
    segments: readonly CommittedSegment[],
    projectId: number,
    place: EventPlace,
  ): Promise<ArchivedTimes | undefined> {
    return this.read(segments, (events) => events.times(segments, projectId, place));
  }

  override counts(segment: CommittedSegment, minutesFrom: Date, take: TakeRows<ColdCount>): Promise<void> {
    return this.whole(segment, (events) => events.counts(segment, minutesFrom, take));
  }

  override userDays(segment: CommittedSegment, take: TakeRows<ColdUserDay>): Promise<void> {
    return this.whole(segment, (events) => events.userDays(segment, take));
  }

  /** As long as it takes: it is asked by who recounts everything. */
  private async whole(segment: CommittedSegment, read: Read<void>): Promise<void> {
    try {
      await read(new ColdStore(this.storage, this.engine, this.bounds));
    } catch (error) {
      throw await this.toldOf([segment], error);
    }
  }

  private async read<T>(segments: readonly CommittedSegment[], read: Read<T>, client?: AbortSignal): Promise<T> {
    try {
      const { storage, engine, bounds } = this;
      return await this.places.run((signal) => read(new ColdStore(storage, engine.until(signal), bounds)), client);
    } catch (error) {
      throw await this.toldOf(segments, error);
    }
  }

  private async toldOf(segments: readonly CommittedSegment[], error: unknown): Promise<unknown> {
    if (error instanceof ColdUnavailableError || error instanceof StoreUnavailableError) return error;
    if (error instanceof SegmentGoneError) return new ColdFileGoneError(error.message, { cause: error });
    if (error instanceof PipelineError) return new ColdUnavailableError(error.message, { cause: error });
    const gone = await this.missing(segments);
    if (gone === undefined) return new ColdUnavailableError('Old events could not be read.', { cause: error });
    return new ColdFileGoneError(`The file ${gone} of old events is not there.`, { cause: error });
  }

  private async missing(segments: readonly CommittedSegment[]): Promise<string | undefined> {
    for (const { file } of segments) if (!(await this.storage.has(file))) return file;
    return undefined;
  }
}
