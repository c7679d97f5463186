const MAX_LISTED = 50;

/** Values that occur more than once; the first 50 of them. Pure. */
export function duplicatesIn<T extends string | number>(values: Iterable<T>): T[] {
  const seen = new Set<T>();
  const repeated = new Set<T>();
  for (const value of values) {
    if (!seen.has(value)) seen.add(value);
    else if (repeated.size < MAX_LISTED) repeated.add(value);
  }
  return [...repeated];
}

/** Whole numbers from `from` up to, not including, `end` that are not among `values`; the first 50 of them. Pure. */
export function gapsIn(values: Iterable<number>, from: number, end: number): number[] {
  const seen = new Set(values);
  const missing: number[] = [];
  for (let value = from; value < end && missing.length < MAX_LISTED; value += 1) {
    if (!seen.has(value)) missing.push(value);
  }
  return missing;
}
