import type { Queryable } from './database';

/** What the manifest says of a file. */
export interface ManifestFile {
  readonly file: string;
  /** Whether readers open it; else it is being written, or was replaced. */
  readonly committed: boolean;
  /** Of what is committed, as the next. */
  readonly rows: number;
  readonly bytes: number;
  /** SHA-256. */
  readonly checksum: Buffer;
}

export interface ManifestFiles {
  /** What the names of this database's files begin with. */
  readonly prefix: string;
  readonly files: readonly ManifestFile[];
}

interface FileRow {
  readonly store: string;
  readonly file: string | null;
  readonly committed: boolean | null;
  readonly rows: string | null;
  readonly bytes: string | null;
  readonly checksum: Buffer | null;
}

/** All files that have a row in the manifest, in whatever state. */
export async function manifestFiles(database: Queryable): Promise<ManifestFiles> {
  const found = await database.query<FileRow>(
    `SELECT store.id AS store, s.file, s.state = 'committed' AS committed, s.row_count AS rows, s.byte_count AS bytes,
       s.file_checksum AS checksum
     FROM cold_store store LEFT JOIN cold_segments s ON true ORDER BY s.id`,
  );
  const files = found.flatMap(({ file, committed, rows, bytes, checksum }) =>
    file === null
      ? []
      : [
          {
            file,
            committed: committed === true,
            rows: Number(rows),
            bytes: Number(bytes),
            checksum: checksum ?? Buffer.alloc(0),
          },
        ],
  );
  return { prefix: `events-${found[0]?.store ?? ''}-`, files };
}
