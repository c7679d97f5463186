import { createHash } from 'node:crypto';
import type { LogPosition } from '@app/messaging';

/**
 * Where a subscriber is, as text that it gives back to go on: `1-<log>-<offset>.<offset>…`, the offset due next of each
 * partition, in base 36. Opaque to clients.
 */
export interface NamedPosition {
  /** Which log the offsets are of. */
  readonly log: string;
  readonly offsets: LogPosition;
}

const VERSION = '1';
const FORM = /^1-([0-9a-f]{8})-([0-9a-z]{1,11}(?:\.[0-9a-z]{1,11})*)$/;

/** Short for a log's name: a position of another log must not pass for one of this. */
export function logTag(logName: string): string {
  return createHash('sha256').update(logName).digest('hex').slice(0, 8);
}

/** Undefined for anything that `PositionText` did not make. */
export function readPosition(text: string): NamedPosition | undefined {
  const [, log, list] = FORM.exec(text) ?? [];
  if (log === undefined || list === undefined) return undefined;
  const offsets = list.split('.').map((offset) => parseInt(offset, 36));
  return offsets.every((offset) => Number.isSafeInteger(offset)) ? { log, offsets } : undefined;
}

/** A position that moves on, and its text: of many partitions one changes at a time. */
export class PositionText {
  readonly offsets: number[];
  private readonly parts: string[];
  private readonly head: string;
  private text: string | undefined;

  constructor(
    private readonly log: string,
    offsets: LogPosition,
  ) {
    this.head = `${VERSION}-${log}-`;
    this.offsets = [...offsets];
    this.parts = offsets.map((offset) => offset.toString(36));
  }

  copy(): PositionText {
    return new PositionText(this.log, this.offsets);
  }

  /** @param next the offset that is due in the partition from now on. */
  move(partition: number, next: number): void {
    // A partition that was added later: those between have begun with it.
    while (this.offsets.length <= partition) {
      this.offsets.push(0);
      this.parts.push('0');
    }
    this.offsets[partition] = next;
    this.parts[partition] = next.toString(36);
    this.text = undefined;
  }

  toString(): string {
    return (this.text ??= this.head + this.parts.join('.'));
  }
}

/** Whether everything in front of `other` is in front of `position`, too. */
export function reaches(position: LogPosition, other: LogPosition): boolean {
  return other.every((offset, partition) => (position[partition] ?? 0) >= offset);
}

/** Records that lie between, as far as both name their partitions. */
export function distance(one: LogPosition, other: LogPosition): number {
  return one.reduce((sum, offset, partition) => sum + Math.abs(offset - (other[partition] ?? offset)), 0);
}
