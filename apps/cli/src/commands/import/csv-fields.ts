/** What a record could not be read for; the message is for the person who has the file open. */
export class CsvSyntaxError extends Error {}

/**
 * The fields of one record by RFC 4180. Spaces belong to the field; a doubled quote in a quoted field is one quote.
 *
 * @param record text of one whole record, without its line ending.
 * @throws {CsvSyntaxError} where a quote is out of place.
 */
export function parseFields(record: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const end = record[at] === '"' ? closingQuote(record, at) + 1 : unquotedEnd(record, at);
    fields.push(record[at] === '"' ? record.slice(at + 1, end - 1).replaceAll('""', '"') : record.slice(at, end));
    if (end === record.length) return fields;
    if (record[end] !== ',') throw new CsvSyntaxError(`field ${fields.length} goes on after its closing quote`);
    at = end + 1;
  }
}

function unquotedEnd(record: string, from: number): number {
  const comma = record.indexOf(',', from);
  const end = comma === -1 ? record.length : comma;
  if (record.slice(from, end).includes('"')) {
    throw new CsvSyntaxError('a quote stands inside a field that is not quoted; quote the field and double the quote');
  }
  return end;
}

function closingQuote(record: string, from: number): number {
  let at = record.indexOf('"', from + 1);
  while (at !== -1 && record[at + 1] === '"') at = record.indexOf('"', at + 2);
  if (at === -1) throw new CsvSyntaxError('a quote is opened and never closed');
  return at;
}
