import { ApiOperation } from '@nestjs/swagger';
import { Answer, Problems, Refusal } from '../../openapi/answers';
import { describeController, describeDto } from '../../openapi/describe';
import { problems } from '../../transport/problem';
import { EventFilterDto } from '../event-filter.dto';
import { EVENT_EXAMPLE } from '../event.schema';
import { FILTERS } from '../events-query.openapi';
import { CSV_HEADER } from './csv-row.convert';
import { EventsExportController } from './events-export.controller';
import { ExportCsvDto } from './export-csv.dto';

const DISPOSITION = {
  'Content-Disposition': {
    required: true,
    description: 'Names a file to save.',
    schema: { type: 'string' },
  },
} as const;
const DESCRIPTION =
  'Streamed. A connection that breaks off means that events are missing. A process runs 4 exports at once, 2 of a project; beyond that the answer is 429 with `Retry-After`.';
const TOO_MANY = Refusal(429, 'As many exports run as may.', problems.tooManyExports());

describeDto(EventFilterDto, FILTERS);
describeDto(ExportCsvDto, {
  ...FILTERS,
  spreadsheet:
    'Puts an apostrophe in front of cells that begin with `=`, `+`, `-`, `@`, tab or CR, which programs for tables would run as formulas. Not for importing again.',
});

describeController(EventsExportController, 'Events', {
  csv: [
    ApiOperation({
      summary: 'Export events as CSV, newest first',
      description: DESCRIPTION,
    }),
    Answer(200, 'All of them, as `millrace import` reads them.', {
      schema: { type: 'string' },
      type: 'text/csv',
      example: `${CSV_HEADER}${EVENT_EXAMPLE.event_id},2026-01-02T03:04:05.678Z,2026-01-02T03:04:05.700Z,2026-01-02T03:04:05.750Z,u1,order.paid,shop,12.5,"{""plan"":""pro""}"\n`,
      headers: DISPOSITION,
    }),
    Problems(422),
    TOO_MANY,
  ],
  ndjson: [
    ApiOperation({
      summary: 'Export events as NDJSON, newest first',
      description: DESCRIPTION,
    }),
    Answer(200, 'All of them, one a line.', {
      schema: { type: 'string' },
      type: 'application/x-ndjson',
      example: `${JSON.stringify(EVENT_EXAMPLE)}\n`,
      headers: DISPOSITION,
    }),
    Problems(422),
    TOO_MANY,
  ],
});
