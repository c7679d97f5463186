import type { Database } from './database';
import { conditionOf, type DeadLetterFilter, type LetterRange } from './dead-letter-filter';
import { DeadLetter } from './dead-letter.entity';
import { fromHeadersColumn } from './record-headers.mapping';

/** What there is to tell of a dead letter without its bytes. */
export interface DeadLetterSummary {
  /** Digits. */
  readonly id: string;
  readonly projectId: number;
  /** With its log in front. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly stage: 'accept' | 'decode' | 'store';
  readonly reason: string;
  readonly detail: string;
  /** Replays that have failed. */
  readonly attempts: number;
  readonly status: 'open' | 'replayed' | 'discarded';
  readonly createdAt: Date;
  readonly eventId: string | undefined;
  readonly ingestId: string | undefined;
  readonly resolvedAt: Date | undefined;
  /** Undefined when there is no value, or none any more. */
  readonly valueBytes: number | undefined;
}

/** A record that could not become an event, with everything that it was. */
export interface StoredDeadLetter extends DeadLetterSummary {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, readonly Buffer[]>>;
}

type Row = Omit<DeadLetter, 'key' | 'value' | 'headers'> & { readonly valueBytes: number | null };

const SUMMARY = `id::text AS id, project_id AS "projectId", topic, partition, "offset"::text AS "offset", stage, reason, detail,
  attempts, status, created_at AS "createdAt", event_id AS "eventId", ingest_id AS "ingestId", resolved_at AS "resolvedAt",
  octet_length(value) AS "valueBytes"`;

/** Reads dead letters; they are written by `EventStore.insert`. */
export class DeadLetters {
  constructor(private readonly database: Database) {}

  /** Of all projects, oldest first. */
  async list(limit: number): Promise<StoredDeadLetter[]> {
    const found = await this.database.withManager((manager) =>
      manager.find(DeadLetter, { order: { id: 'ASC' }, take: limit }),
    );
    return found.map(fromDeadLetter);
  }

  /** Of all projects. */
  async count(): Promise<number> {
    return this.database.withManager((manager) => manager.count(DeadLetter));
  }

  /** Newest first. @param before the id behind which the page begins. */
  async newest(
    projectId: number,
    filter: DeadLetterFilter,
    limit: number,
    before = '9223372036854775807',
  ): Promise<DeadLetterSummary[]> {
    const { sql, parameters } = conditionOf(projectId, filter);
    const rows = await this.database.query<Row>(
      `SELECT ${SUMMARY} FROM dead_letters WHERE ${sql} AND id < $${parameters.length + 1}::int8
       ORDER BY dead_letters.id DESC LIMIT $${parameters.length + 2}`,
      [...parameters, before, limit],
    );
    return rows.map(fromRow);
  }

  async one(projectId: number, id: string): Promise<StoredDeadLetter | undefined> {
    const [letter] = await this.some(projectId, [id]);
    return letter;
  }

  /** With their bytes, oldest first; those that are not there are left out. */
  async some(projectId: number, ids: readonly string[]): Promise<StoredDeadLetter[]> {
    const found = await this.database.withManager((manager) =>
      manager
        .createQueryBuilder(DeadLetter, 'letter')
        .where('letter.projectId = :projectId AND letter.id = ANY (:ids)', { projectId, ids })
        .orderBy('letter.id', 'ASC')
        .getMany(),
    );
    return found.map(fromDeadLetter);
  }

  /** The highest id that the project has now; '0' when it has none. */
  async lastId(projectId: number): Promise<string> {
    const [last] = await this.database.query<{ id: string }>(
      'SELECT coalesce(max(id), 0)::text AS id FROM dead_letters WHERE project_id = $1',
      [projectId],
    );
    return last?.id ?? '0';
  }

  /** How many of a range are open. */
  async countOpen(projectId: number, filter: DeadLetterFilter, range: LetterRange): Promise<number> {
    const { sql, parameters } = inRange(projectId, filter, range);
    const [row] = await this.database.query<{ count: number }>(
      `SELECT count(*)::int4 AS count FROM dead_letters WHERE ${sql}`,
      parameters,
    );
    return row?.count ?? 0;
  }

  /** The first open ones of a range by id, and what each weighs in memory. */
  async open(
    projectId: number,
    filter: DeadLetterFilter,
    range: LetterRange,
    limit: number,
  ): Promise<{ readonly id: string; readonly bytes: number }[]> {
    const { sql, parameters } = inRange(projectId, filter, range);
    return this.database.query(
      `SELECT id::text AS id, coalesce(octet_length(key), 0) + coalesce(octet_length(value), 0) + pg_column_size(headers) AS bytes
       FROM dead_letters WHERE ${sql} ORDER BY dead_letters.id LIMIT $${parameters.length + 1}`,
      [...parameters, limit],
    );
  }
}

function inRange(
  projectId: number,
  filter: DeadLetterFilter,
  { after, through }: LetterRange,
): { sql: string; parameters: unknown[] } {
  const { sql, parameters } = conditionOf(projectId, { ...filter, status: 'open' });
  const n = parameters.length;
  return {
    sql: `${sql} AND id > $${n + 1}::int8 AND id <= $${n + 2}::int8`,
    parameters: [...parameters, after, through],
  };
}

function fromRow({ offset, eventId, ingestId, resolvedAt, valueBytes, ...rest }: Row): DeadLetterSummary {
  return {
    ...rest,
    offset: Number(offset),
    eventId: eventId ?? undefined,
    ingestId: ingestId ?? undefined,
    resolvedAt: resolvedAt ?? undefined,
    valueBytes: valueBytes ?? undefined,
  };
}

function fromDeadLetter({ key, value, headers, ...rest }: DeadLetter): StoredDeadLetter {
  const summary = fromRow({ ...rest, valueBytes: value?.length ?? null });
  return { ...summary, key, value, headers: fromHeadersColumn(headers) };
}
