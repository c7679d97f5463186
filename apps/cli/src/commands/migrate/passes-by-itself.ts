import { PipelineError } from '@app/events';
import { StoreUnavailableError } from '@app/persistence';

/**
 * Classes of SQLSTATE that time cures: connection lost, conflict with others, no resources, stopped or starting, locked. A
 * consumer waits for all else, too, since somebody may set it right; whoever migrates is here to be told.
 */
const CURED_BY_TIME = /^(?:08|40|53|57P|55P03)/;

/** Whether the same may succeed when it is tried again, though nobody changes anything. */
export function passesByItself(error: unknown): boolean {
  if (error instanceof StoreUnavailableError) return error.sqlState === undefined || CURED_BY_TIME.test(error.sqlState);
  return error instanceof PipelineError && error.retriable;
}
