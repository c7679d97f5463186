const DAY_MS = 86_400_000;
/** 0001-01-01T00:00:00Z, the earliest instant that an event may have. */
const EARLIEST_MS = -62_135_596_800_000;

/** The three clocks of a message, in milliseconds since the epoch. */
export interface MessageClocks {
  /** When it happened, by the device. */
  readonly timestamp: number;
  /** When it was sent, by the same device; undefined when it has not said so. */
  readonly sentAt: number | undefined;
  /** When it came, by our clock. */
  readonly receivedAt: number;
}

/**
 * When it happened, by our clock: as long before it came as, on the device, it happened before it was sent. So a clock
 * that is wrong by years still tells the right time, as long as it has not been set in between.
 *
 * Where that is more than 24 hours ahead or before year 1, the device's own time is taken; where that is more than 24
 * hours ahead too, the time at which it came. No event is lost to a clock.
 */
export function correctedTime({ timestamp, sentAt, receivedAt }: MessageClocks): number {
  const latest = receivedAt + DAY_MS;
  const corrected = sentAt === undefined ? timestamp : receivedAt - (sentAt - timestamp);
  if (corrected >= EARLIEST_MS && corrected <= latest) return corrected;
  return timestamp <= latest ? timestamp : receivedAt;
}
