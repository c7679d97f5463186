import type { Arguments } from '../read-arguments';

const FIELDS = ['name', 'source', 'userId', 'from', 'to'] as const;

/** What the parameters of REST are called here. */
export const FILTER_NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  FIELDS.map((field) => [field === 'userId' ? 'user_id' : field, `filter.${field}`]),
);

/** The arguments with the members of `filter` beside the others, as REST has them. */
export function flatFilter({ filter, ...others }: Arguments): Arguments {
  const members = Object.entries((filter ?? {}) as Arguments).map(
    ([name, value]) => [`filter.${name}`, value] as const,
  );
  return { ...others, ...Object.fromEntries(members) };
}
