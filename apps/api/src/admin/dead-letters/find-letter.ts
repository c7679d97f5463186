import type { DeadLetters, StoredDeadLetter } from '@app/persistence';
import { problems, ProblemError } from '../../transport/problem';

const ID = /^[1-9]\d{0,17}$/;

/** @throws {ProblemError} 422 naming `field` when it is none. */
export function checkLetterId(text: string, field: string, message: string): void {
  if (ID.test(text)) return;
  throw new ProblemError(problems.invalid('A parameter is not valid.', [{ field, code: 'format', message }]));
}

/** @throws {ProblemError} 404 when the project has no such letter, 422 for what is no id. */
export async function findLetter(letters: DeadLetters, projectId: number, id: string): Promise<StoredDeadLetter> {
  checkLetterId(id, 'id', 'must be the id of a dead letter, which is digits');
  const letter = await letters.one(projectId, id);
  if (letter === undefined) throw new ProblemError(problems.notFound('No dead letter has this id.'));
  return letter;
}
