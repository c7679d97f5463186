import { MalformedMessageError, WireReader, WireType } from './wire-reader';

/** Most events of one batch. */
export const MAX_EVENTS = 1000;

/** `google.protobuf.Timestamp`. */
export interface WireTimestamp {
  seconds: number;
  nanos: number;
}

/** `Event` of events.proto as it came; an empty text is the same as a missing one. */
export interface WireEvent {
  eventId: string;
  name: string;
  source: string;
  userId: string;
  occurredAt: WireTimestamp | undefined;
  amount: number | undefined;
  dataJson: string;
  /** Number of a field that we do not know, if there is one. */
  unknownField: number | undefined;
}

export type WireRequest =
  /** `PublishRequest`. */
  | { readonly kind: 'event'; readonly event: WireEvent | undefined }
  /** `PublishBatchRequest`. Of more than 1000 events one more than that is read. `bytes` is the message's length. */
  | { readonly kind: 'batch'; readonly events: readonly WireEvent[]; readonly atomic: boolean; readonly bytes: number }
  | { readonly kind: 'malformed'; readonly reason: string };

const field = (number: number, type: number): number => number * 8 + type;

const { varint, fixed64, delimited } = WireType;

/** Never throws: grpc-js would call its own server broken (INTERNAL). */
function withReason(read: () => WireRequest): WireRequest {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedMessageError) return { kind: 'malformed', reason: error.message };
    throw error;
  }
}

export function decodePublishRequest(bytes: Buffer): WireRequest {
  return withReason(() => {
    const reader = new WireReader(bytes);
    let event: WireEvent | undefined;
    while (!reader.done) {
      const tag = reader.tag();
      // A message field that comes twice is merged (protobuf encoding, "Last One Wins").
      if (tag === field(1, delimited)) event = readWireEvent(reader.message(), event ?? emptyEvent());
      else throw unknownField(tag);
    }
    return { kind: 'event', event };
  });
}

export function decodePublishBatchRequest(bytes: Buffer): WireRequest {
  return withReason(() => {
    const reader = new WireReader(bytes);
    const events: WireEvent[] = [];
    let atomic = false;
    while (!reader.done && events.length <= MAX_EVENTS) {
      const tag = reader.tag();
      if (tag === field(1, delimited)) events.push(readWireEvent(reader.message(), emptyEvent()));
      else if (tag === field(2, varint)) atomic = reader.varint() !== 0;
      else throw unknownField(tag);
    }
    return { kind: 'batch', events, atomic, bytes: bytes.length };
  });
}

function unknownField(tag: number): MalformedMessageError {
  return new MalformedMessageError(`it has a field ${Math.floor(tag / 8)} that events.proto does not know`);
}

function emptyEvent(): WireEvent {
  return {
    eventId: '',
    name: '',
    source: '',
    userId: '',
    occurredAt: undefined,
    amount: undefined,
    dataJson: '',
    unknownField: undefined,
  };
}

function readWireEvent(reader: WireReader, event: WireEvent): WireEvent {
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case field(1, delimited):
        event.eventId = reader.string();
        break;
      case field(2, delimited):
        event.name = reader.string();
        break;
      case field(3, delimited):
        event.source = reader.string();
        break;
      case field(4, delimited):
        event.userId = reader.string();
        break;
      case field(5, delimited):
        event.occurredAt = readTimestamp(reader.message(), event.occurredAt ?? { seconds: 0, nanos: 0 });
        break;
      case field(6, fixed64):
        event.amount = reader.double();
        break;
      case field(7, delimited):
        event.dataJson = reader.string();
        break;
      default:
        // This event is refused; what comes after need not be read, its length is known.
        event.unknownField = Math.floor(tag / 8);
        return event;
    }
  }
  return event;
}

function readTimestamp(reader: WireReader, timestamp: WireTimestamp): WireTimestamp {
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === field(1, varint)) timestamp.seconds = reader.varint();
    else if (tag === field(2, varint)) timestamp.nanos = reader.varint();
    else throw unknownField(tag);
  }
  return timestamp;
}
