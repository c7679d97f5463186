import { FieldErrors, JsonText, readEvent, type EventField, type EventFields, type ParsedEvent } from '@app/events';
import type { WireEvent, WireTimestamp } from './publish-request.codec';

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, as google/protobuf/timestamp.proto bounds it. */
const EARLIEST_SECONDS = -62_135_596_800;
const LATEST_SECONDS = 253_402_300_799;

/** An event that gRPC has brought, and what is wrong with it. */
export function fromWireEvent(event: WireEvent, projectId: number, receivedAt: Date): ParsedEvent {
  const errors = new FieldErrors();
  if (event.unknownField !== undefined) {
    errors.add([`field ${event.unknownField}`], 'unknown_field', 'is not a field of an event');
    return { ok: false, errors: errors.list };
  }
  const fields = new WireFields(event, errors);
  const acceptance = { projectId, receivedAt };
  if (fields.json === undefined) return readEvent(fields, acceptance, errors);
  return readEvent(fields, { ...acceptance, source: { json: fields.json, path: [] } }, errors);
}

class WireFields implements EventFields {
  /** As if `data_json` held the object and not its text: paths begin with the name of the field. */
  readonly json: JsonText | undefined;
  private readonly occurredAt: string | undefined;
  private readonly data: unknown;

  constructor(
    private readonly event: WireEvent,
    errors: FieldErrors,
  ) {
    this.occurredAt = event.occurredAt === undefined ? undefined : toRfc3339(event.occurredAt, errors);
    this.data = event.dataJson === '' ? undefined : parseData(event.dataJson, errors);
    this.json = this.data === undefined ? undefined : new JsonText(`{"data_json":${event.dataJson}}`);
  }

  value(field: EventField): unknown {
    switch (field) {
      case 'event_id':
        return present(this.event.eventId);
      case 'name':
        return present(this.event.name);
      case 'source':
        return present(this.event.source);
      case 'user_id':
        return present(this.event.userId);
      case 'occurred_at':
        return this.occurredAt;
      case 'amount':
        return this.event.amount;
      case 'data':
        return this.data;
      case 'context':
        return undefined;
    }
  }

  key(field: EventField): string {
    return field === 'data' ? 'data_json' : field;
  }
}

function present(text: string): string | undefined {
  return text === '' ? undefined : text;
}

/** What goes beyond milliseconds is cut off, not rounded: nanos count forward, before 1970 too. */
function toRfc3339({ seconds, nanos }: WireTimestamp, errors: FieldErrors): string | undefined {
  const inRange = seconds >= EARLIEST_SECONDS && seconds <= LATEST_SECONDS && nanos >= 0 && nanos < 1e9;
  if (inRange) return new Date(seconds * 1000 + Math.floor(nanos / 1e6)).toISOString();
  errors.add(['occurred_at'], 'range', 'must be a Timestamp of the years 1 to 9999 with nanos from 0 to 999999999');
  return undefined;
}

function parseData(text: string, errors: FieldErrors): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    errors.add(['data_json'], 'format', `is not JSON: ${reason.slice(0, 200).toWellFormed()}`);
    return undefined;
  }
}
