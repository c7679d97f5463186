import type { RingLimits } from './event-ring';

/** Bounds of what following takes of a process. */
export interface LiveLimits {
  readonly subscribers: number;
  readonly ring: RingLimits;
  /** Of each that reads an older position. */
  readonly readingRing: RingLimits;
  /** Bytes that a subscriber is handed at a time, about. */
  readonly updateBytes: number;
  /** A subscriber that is sent no event is told its position this often. */
  readonly idleMs: number;
  /** How long the ring goes on without subscribers. */
  readonly lingerMs: number;
  /** How many older positions are read at a time, each for all who are near it. */
  readonly readers: number;
  /** How long one of them reads while others wait. */
  readonly turnMs: number;
}

/** Ten thousand events are five seconds of 2,000 a second: so far may a subscriber be behind the others. */
export const LIVE_LIMITS: Omit<LiveLimits, 'subscribers'> = {
  ring: { events: 10_000, bytes: 48_000_000, knownIds: 10_000, sharedBytes: 8_000_000 },
  readingRing: { events: 4000, bytes: 8_000_000, knownIds: 10_000, sharedBytes: 2_000_000 },
  updateBytes: 400_000,
  idleMs: 10_000,
  lingerMs: 30_000,
  readers: 4,
  turnMs: 2000,
};
