/** Which events of a project; all of them where nothing is said. */
export interface EventFilter {
  readonly name?: string | undefined;
  readonly source?: string | undefined;
  readonly userId?: string | undefined;
  /** Occurred at this instant or later. */
  readonly from?: Date | undefined;
  /** Occurred before this instant. */
  readonly to?: Date | undefined;
}

/** A place in the order of a list; the event itself need not exist. */
export interface EventPlace {
  readonly occurredAt: Date;
  readonly eventId: string;
}

/** Statement parameters, `$1` and so on in the order in which they are added. */
export class Parameters {
  readonly values: unknown[] = [];

  add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/** What a value of its own has an index for: the rows of one value in the order of the list. */
export type Term = 'user_id' | 'source' | 'name';

/** The terms of a filter, with their values. */
export function termsOf({ userId, source, name }: EventFilter): ReadonlyMap<Term, string> {
  const terms = new Map<Term, string>();
  if (userId !== undefined) terms.set('user_id', userId);
  if (source !== undefined) terms.set('source', source);
  if (name !== undefined) terms.set('name', name);
  return terms;
}

/** The condition on `events e` for the stretch of a project's list: within the filter's times, behind `before`. */
export function stretchOf(
  parameters: Parameters,
  projectId: number,
  { from, to }: EventFilter,
  before: EventPlace | undefined,
): string {
  const parts = [`e.project_id = ${parameters.add(projectId)}`];
  if (from !== undefined) parts.push(`e.occurred_at >= ${parameters.add(from.toISOString())}::timestamptz`);
  if (to !== undefined) parts.push(`e.occurred_at < ${parameters.add(to.toISOString())}::timestamptz`);
  if (before !== undefined) {
    // The first half says nothing new, but lets the planner leave out the partitions of later days.
    parts.push(`e.occurred_at <= ${parameters.add(before.occurredAt.toISOString())}::timestamptz`);
    parts.push(`(e.occurred_at, e.event_id) < (${placeIn(parameters, before)})`);
  }
  return parts.join(' AND ');
}

/**
 * The condition that a term of `events e` has this value. The index has its hash; of the rows with that hash, the value
 * itself rules out those of another one.
 */
export function equal(parameters: Parameters, projectId: number, term: Term, value: string): string {
  const given = `${parameters.add(value)}::text`;
  return `hashtextextended(e.${term}, e.project_id) = hashtextextended(${given} COLLATE "C", ${parameters.add(projectId)}::int4)
    AND e.${term} = ${given}`;
}

/** Two parameters to compare `(occurred_at, event_id)` with. */
export function placeIn(parameters: Parameters, { occurredAt, eventId }: EventPlace): string {
  return `${parameters.add(occurredAt.toISOString())}::timestamptz, ${parameters.add(eventId)}::uuid`;
}
