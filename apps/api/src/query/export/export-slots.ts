import { problems, ProblemError } from '../../transport/problem';

/** Each export keeps a page of events in memory, and a connection of ten to the database now and then. */
const AT_ONCE = 4;
/** So that one project cannot keep the others waiting. */
const OF_ONE_PROJECT = 2;

/** How many exports run at once in this process. */
export class ExportSlots {
  private readonly running = new Map<number, number>();

  /**
   * Takes a place for one export.
   *
   * @returns leaves it; once.
   * @throws {ProblemError} 429 when there is none: whoever asks again later gets one.
   */
  enter(projectId: number): () => void {
    const all = [...this.running.values()].reduce((sum, count) => sum + count, 0);
    const own = this.running.get(projectId) ?? 0;
    if (all >= AT_ONCE || own >= OF_ONE_PROJECT) throw new ProblemError(problems.tooManyExports());
    this.running.set(projectId, own + 1);
    return () => {
      const left = (this.running.get(projectId) ?? 1) - 1;
      if (left === 0) this.running.delete(projectId);
      else this.running.set(projectId, left);
    };
  }
}
