import { DEFAULT_PROJECT } from '@app/persistence';
import type { Principal } from '../transport/auth/key-ring';
import { problems, ProblemError } from '../transport/problem';

/** The project whose keys an administrator sees and makes; undefined: those of all, as an administrator of `default` does. */
export function administered({ projectId }: Principal): number | undefined {
  return projectId === DEFAULT_PROJECT ? undefined : projectId;
}

/** @throws {ProblemError} 403 for who administers one project only. */
export function requireAllProjects(principal: Principal): void {
  if (administered(principal) !== undefined) throw new ProblemError(problems.foreignProjects());
}
