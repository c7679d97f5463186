import type { SegmentRecord } from '@app/persistence';

/** When the first and the last event of a segment occurred, in milliseconds since 1970. */
export function timesOf({ minOccurredAt, maxOccurredAt }: SegmentRecord): {
  readonly min: number;
  readonly max: number;
} {
  return { min: toMs(minOccurredAt), max: toMs(maxOccurredAt) };
}

/** Without the T, V8 takes the first years for other ones: 0026 for none, 0050 for 1950. */
function toMs(text: string): number {
  return Date.parse(`${text.replace(' ', 'T')}Z`);
}
