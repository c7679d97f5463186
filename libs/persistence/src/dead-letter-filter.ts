/** Which dead letters of a project; all of them where nothing is said. */
export interface DeadLetterFilter {
  readonly stage?: 'accept' | 'decode' | 'store' | undefined;
  readonly reason?: string | undefined;
  /** With or without the log in front. */
  readonly topic?: string | undefined;
  /** When it became a dead letter: from this instant on. */
  readonly from?: Date | undefined;
  /** Before this instant. */
  readonly to?: Date | undefined;
  readonly status?: 'open' | 'replayed' | 'discarded' | undefined;
}

/** Ids behind `after` up to `through`: digits that a bigint holds. */
export interface LetterRange {
  readonly after: string;
  readonly through: string;
}

/** The condition on `dead_letters`, and its parameters, `$1` the project. */
export function conditionOf(projectId: number, filter: DeadLetterFilter): { sql: string; parameters: unknown[] } {
  const { stage, reason, topic, from, to, status } = filter;
  const parameters: unknown[] = [projectId];
  const parts = ['project_id = $1'];
  const add = (value: unknown, part: (parameter: string) => string): void => {
    if (value !== undefined) parts.push(part(`$${parameters.push(value)}`));
  };
  add(stage, (parameter) => `stage = ${parameter}`);
  add(reason, (parameter) => `reason = ${parameter}`);
  add(topic, (parameter) => `(topic = ${parameter} OR right(topic, length(${parameter}) + 1) = '/' || ${parameter})`);
  add(from, (parameter) => `created_at >= ${parameter}`);
  add(to, (parameter) => `created_at < ${parameter}`);
  // Not a parameter: the index of the open ones is used only where the statement itself says so.
  if (status !== undefined) parts.push(`status = '${status}'`);
  return { sql: parts.join(' AND '), parameters };
}
