/** Runs one statement. Parameters are `$1`…; rows come back as objects with the column names of the statement. */
export interface Queryable {
  query<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
}
