import type { Type } from '@nestjs/common';
import { problems, ProblemError } from '../transport/problem';
import { strictValidation } from '../transport/validation.pipe';

/** Arguments as GraphQL has coerced them: of the right types, and no more is known. */
export type Arguments = Readonly<Record<string, unknown>>;

const validation = strictValidation();

/**
 * Arguments by the rules of the REST call that takes the same. Null is missing.
 *
 * @param names of the parameters that are called otherwise here, by their names in REST.
 * @throws {ProblemError} 422 that names the arguments as they are called here.
 */
export async function readArguments<D extends object, R>(
  dto: Type<D>,
  given: Arguments,
  names: Readonly<Record<string, string>>,
  read: (checked: D) => R,
): Promise<R> {
  const restNames = new Map(Object.entries(names).map(([rest, own]) => [own, rest]));
  const said = Object.entries(given).filter(([, value]) => value !== null && value !== undefined);
  const parameters = Object.fromEntries(said.map(([name, value]) => [restNames.get(name) ?? name, value]));
  return naming(names, async () => {
    const checked = (await validation.transform(parameters, { type: 'query', metatype: dto })) as D;
    return read(checked);
  });
}

async function naming<R>(names: Readonly<Record<string, string>>, read: () => Promise<R>): Promise<R> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.errors === undefined) throw error;
    const { detail, errors } = error.problem;
    const renamed = errors.map((each) => ({ ...each, field: names[each.field] ?? each.field }));
    throw new ProblemError(problems.invalid(detail, renamed), { cause: error });
  }
}
