import { isUuid } from '@app/events';
import { headerText, type RecordHeaders } from '@app/messaging';

/** UUID of the request that waits for what becomes of the record; undefined when none does. */
export function ingestIdOf(headers: RecordHeaders): string | undefined {
  if (headers['ingest_id'] === undefined) return undefined; // nearly always: costs a look
  const id = headerText(headers, 'ingest_id')?.toLowerCase() ?? '';
  return isUuid(id) ? id : undefined;
}
