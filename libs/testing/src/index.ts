export { emptyDatabase, freshDatabase, type FreshDatabase } from './postgres/fresh-database';
export { runSql } from './postgres/run-sql';
export { checkOutcomes, type OutcomeCheck, type Violation, type ViolationKind } from './fault/check-outcomes';
export { OutcomeLog, type SentOutcome } from './fault/outcome-log';
export { Recorder, type RecorderOptions } from './fault/recorder';
export { duplicatesIn, gapsIn } from './fault/sequence-checks';
