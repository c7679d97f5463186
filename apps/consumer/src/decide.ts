import {
  decodeEvent,
  decodeStorableEvent,
  MalformedEventError,
  NewerVersionError,
  toStorableEvent,
  type StorableEvent,
} from '@app/events';
import { projectOf, readRefusal, type HeldPartition, type LogRecord, type PartitionBatch } from '@app/messaging';
import type { NewDeadLetter, RecordOutcome } from '@app/persistence';
import { readReplay, toDeadLetter, toRefusedLetter } from './dead-letter.convert';
import { ingestIdOf } from './ingest-id';

/** One outcome per record, in the order of the log, up to what has to be held. */
export interface Decision {
  readonly outcomes: readonly RecordOutcome[];
  readonly held: readonly HeldPartition[];
}

function read(record: LogRecord): StorableEvent {
  if (record.value === null) throw new MalformedEventError('The record has no value.');
  const projectId = projectOf(record);
  if (projectId === undefined) throw new MalformedEventError('The header "project" is missing or no number.');
  return decodeStorableEvent(record.value, projectId);
}

/** The event of a record that has become one, in this program's own words. */
export function readAnew(record: LogRecord): StorableEvent {
  const { value } = record;
  const projectId = projectOf(record);
  if (value === null || projectId === undefined) throw new MalformedEventError('The record is no event.');
  return toStorableEvent(decodeEvent(value, projectId));
}

/** A record as it is kept when it cannot be stored as an event. */
export function deadLetterOf(
  record: LogRecord,
  stage: NewDeadLetter['stage'],
  error: { code: string; message: string },
): NewDeadLetter {
  return toDeadLetter(record, projectOf(record), { stage, reason: error.code, detail: error.message });
}

function decideOne(record: LogRecord, partition: number): RecordOutcome {
  const { offset } = record;
  const refusal = readRefusal(record.headers);
  if (refusal !== undefined) {
    return { partition, offset, kind: 'dead-letter', letter: toRefusedLetter(record, projectOf(record), refusal) };
  }
  const replay = readReplay(record);
  try {
    const ingestId = ingestIdOf(record.headers);
    return { partition, offset, replay, kind: 'persist', event: read(record), ingestId };
  } catch (error) {
    if (error instanceof MalformedEventError) {
      return { partition, offset, replay, kind: 'dead-letter', letter: deadLetterOf(record, 'decode', error) };
    }
    throw error;
  }
}

/**
 * Decides what becomes of every record. Pure: no clock, no I/O. Whether an event is a duplicate only the ledger knows. A
 * record of a newer wire version holds its partition there: it is no dead letter, the program is too old.
 */
export function decide(batches: readonly PartitionBatch[]): Decision {
  const outcomes: RecordOutcome[] = [];
  const held: HeldPartition[] = [];
  for (const { partition, records } of batches) {
    for (const record of records) {
      try {
        outcomes.push(decideOne(record, partition));
      } catch (error) {
        if (!(error instanceof NewerVersionError)) throw error;
        held.push({ partition, offset: record.offset, reason: error.message });
        break;
      }
    }
  }
  return { outcomes, held };
}
