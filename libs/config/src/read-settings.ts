import { SettingError, type Setting, type SettingValues } from './setting';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Every variable that is wrong, named at once, so that an operator corrects them in one go. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

function variableOf(problem: string): string | undefined {
  return problem.split(' ')[0];
}

/**
 * Reads the chosen settings from an environment. An empty variable counts as missing, as compose files write it.
 *
 * @param relations checks between values; each returned string is one more problem and begins with the variable's name.
 *   A value that did not parse is undefined there, and what is said of its variable is dropped.
 * @throws {ConfigError} with all problems.
 */
export function readSettings<S extends Readonly<Record<string, Setting<unknown>>>>(
  environment: Environment,
  wanted: S,
  relations: (values: SettingValues<S>) => readonly string[] = () => [],
): SettingValues<S> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(wanted)) {
    const value = environment[setting.name];
    try {
      values[key] = value === undefined || value === '' ? setting.whenMissing() : setting.parse(value);
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      problems.push(`${setting.name} ${error.message}`);
    }
  }
  // Complete when it is returned: every key of `wanted` was visited, and any that failed is in `problems`.
  const complete = values as SettingValues<S>;
  const named = new Set(problems.map(variableOf));
  problems.push(...relations(complete).filter((problem) => !named.has(variableOf(problem))));
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(complete);
}
