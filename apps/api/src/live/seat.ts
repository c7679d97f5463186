import type { LogPosition } from '@app/messaging';
import type { SharedReading } from './shared-reading';

/** One subscriber's place among those who read older positions. */
export interface Seat {
  /** Name of the log, and what it still has. */
  readonly log: string;
  readonly oldest: LogPosition;
  readonly projectId: number;
  /** Where it wants to go on. */
  readonly from: LogPosition;
  readonly wake: () => void;
  /** Undefined while it waits for its turn. */
  reading: SharedReading | undefined;
  /** It has taken all that the reading has: something new may come. */
  isHungry: boolean;
  /** The log has no more what is next. */
  isOverHole: boolean;
}
