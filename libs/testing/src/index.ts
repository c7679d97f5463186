export { runSql } from './postgres/run-sql';
