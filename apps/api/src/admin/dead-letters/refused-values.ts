import type { Acceptance, ParsedEvent } from '@app/events';

/** Makes an event of a value that its door has refused once, if its rules have changed since. */
type ReadAgain = (value: Buffer, acceptance: Acceptance) => ParsedEvent;

/** Which door reads which refused values: a value has the shape of the door that it came through. */
export class RefusedValues {
  constructor(private readonly doors: Readonly<Record<string, ReadAgain>>) {}

  /** @param door as the record of the refusal names it. */
  read(door: string, value: Buffer, acceptance: Acceptance): ParsedEvent {
    const readAgain = Object.hasOwn(this.doors, door) ? this.doors[door] : undefined;
    if (readAgain !== undefined) return readAgain(value, acceptance);
    const message = 'no door of this program reads what it has refused under this name';
    return { ok: false, errors: [{ field: 'door', code: 'unknown_field', message }] };
  }
}
