import type { IndexedFieldError, IngestOutcome } from '../ingest.service';
import { WireWriter } from './wire-writer';

/** `PublishResponse` of events.proto. */
export function encodePublishResponse(eventId: string): Buffer {
  return new WireWriter().string(1, eventId).string(2, 'accepted').finish();
}

/** `PublishBatchResponse` of events.proto. */
export function encodePublishBatchResponse({ eventIds, errors, accepted }: IngestOutcome): Buffer {
  const writer = new WireWriter().int32(1, accepted).int32(2, eventIds.length - accepted);
  for (const id of eventIds) writer.element(3, id ?? '');
  for (const error of errors) writer.bytes(4, encodeEventError(error));
  return writer.finish();
}

function encodeEventError({ index, field, code, message }: IndexedFieldError): Buffer {
  return new WireWriter().int32(1, index).string(2, field).string(3, code).string(4, message).finish();
}
