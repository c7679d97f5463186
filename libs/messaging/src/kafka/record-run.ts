import type { LogRecord } from '../log-record';
import { readRecords, type RecordBatch } from './record-batch';
import { isUnreadable, type Unreadable } from './unreadable';

/** The records of one partition in one fetch. */
export interface RecordRun {
  /** Offset that was asked for. */
  readonly start: number;
  readonly records: readonly LogRecord[];
  /** Behind the last record and what has offsets but is no record: markers of transactions, gaps. */
  readonly end: number;
  /** Why it ends there, when it ends too early. */
  readonly failure?: Error;
}

/** A record batch may begin before the offset that was asked for. */
export function readRun(start: number, messages: readonly (RecordBatch | Unreadable)[]): RecordRun {
  const records: LogRecord[] = [];
  let end = start;
  for (const each of messages) {
    if (isUnreadable(each)) return { start, records, end, failure: each.error };
    // kafkajs' own reading of an older answer than version 11.
    if (!('bytes' in each)) return { start, records, end, failure: new Error('The broker is older than Kafka 2.3.') };
    try {
      for (const record of readRecords(each)) if (record.offset >= start) records.push(record);
    } catch (error) {
      return { start, records, end, failure: error as Error };
    }
    end = Number(each.offset) + 1;
  }
  return { start, records, end };
}
