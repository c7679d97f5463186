import type { RingLimits } from './event-ring';

/** Bounds of what following takes of a process. */
export interface LiveLimits {
  readonly subscribers: number;
  readonly ring: RingLimits;
  /** Bytes that a subscriber is handed at a time, about. */
  readonly updateBytes: number;
  /** A subscriber that is sent no event is told its position this often. */
  readonly idleMs: number;
  /** How long the ring goes on without subscribers. */
  readonly lingerMs: number;
  /** Subscribers that read older positions at a time. */
  readonly readers: number;
  /** How long one of them reads while others wait. */
  readonly turnMs: number;
}

/** Ten thousand events are five seconds of 2,000 a second: so far may a subscriber be behind the others. */
export const LIVE_LIMITS: Omit<LiveLimits, 'subscribers'> = {
  ring: { events: 10_000, bytes: 48_000_000, knownIds: 10_000 },
  updateBytes: 400_000,
  idleMs: 10_000,
  lingerMs: 30_000,
  readers: 4,
  turnMs: 2000,
};
