import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';

/** A row of the real file, as another parser than ours reads it. */
export interface RealEvent {
  readonly event_id: string;
  readonly occurred_at: string;
  readonly user_id: string;
  readonly event_type: string;
  readonly properties_json: string;
}

export function realEventsCsv(): Buffer {
  return brotliDecompressSync(readFileSync(join(__dirname, 'fixtures/commits.csv.br')));
}

/** What the store must hold for a row, in the form of `STORED_ROWS`. */
export function expectedRow(event: RealEvent): unknown {
  return {
    event_id: event.event_id,
    occurred_at: new Date(event.occurred_at).toISOString(),
    user_id: event.user_id,
    name: event.event_type,
    data: JSON.parse(event.properties_json) as unknown,
  };
}

export function realEvents(csv: Buffer): RealEvent[] {
  return parse(csv, { columns: true });
}
