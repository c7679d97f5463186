import type { JsonObject, StorableEvent } from '@app/events';
import type { EventPlace } from '@app/persistence';

/** An event as the schema shows it. */
export interface EventView extends EventPlace {
  readonly name: string;
  readonly source?: string | undefined;
  readonly userId?: string | undefined;
  readonly receivedAt: Date;
  /** Undefined: only the log has it, as far as is known. */
  readonly storedAt?: Date | undefined;
  readonly amount?: number | undefined;
  readonly data: JsonObject;
  readonly context?: JsonObject | undefined;
}

/** A page of a list, and what makes its cursors. */
export interface EventPageView {
  readonly events: readonly EventView[];
  /** The place behind which the next page begins; undefined when nothing can follow. */
  readonly next: EventPlace | undefined;
  /** Whether it is not the first one. */
  readonly isBehind: boolean;
  cursorOf(place: EventPlace): string;
}

/** Objects take many times what their text does, and those that are kept stay as long as the event is in the ring. */
const MAX_KEPT_CHARS = 2048;

const viewOf = new WeakMap<StorableEvent, EventView>();

/** An event from the log; a small one is made once for all subscribers. */
export function toEventView(event: StorableEvent): EventView {
  const known = viewOf.get(event);
  if (known !== undefined) return known;
  const { data, context, ...rest } = event;
  const view = { ...rest, data: JSON.parse(data) as JsonObject, context: parsed(context) };
  if (data.length + (context?.length ?? 0) <= MAX_KEPT_CHARS) viewOf.set(event, view);
  return view;
}

function parsed(json: string | undefined): JsonObject | undefined {
  return json === undefined ? undefined : (JSON.parse(json) as JsonObject);
}
