import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { withWideFractions } from '@app/events';
import { RequireScope } from '../../transport/auth/api-key.guard';
import { toEventDto } from '../event.convert';
import { toEventFilter } from '../event-filter.convert';
import { EventFilterDto } from '../event-filter.dto';
import { CSV_HEADER, toCsvRow, toSpreadsheetRow } from './csv-row.convert';
import { EventExport, type ExportForm } from './event-export';
import { ExportCsvDto } from './export-csv.dto';

const NDJSON: ExportForm = {
  extension: 'ndjson',
  contentType: 'application/x-ndjson',
  header: '',
  line: (event) => `${withWideFractions(JSON.stringify(toEventDto(event)))}\n`,
};
const CSV: ExportForm = {
  extension: 'csv',
  contentType: 'text/csv; charset=utf-8',
  header: CSV_HEADER,
  line: toCsvRow,
};
const SPREADSHEET: ExportForm = { ...CSV, line: toSpreadsheetRow };

/** All events of a filter as a file. */
@Controller('api/v1')
export class EventsExportController {
  constructor(private readonly events: EventExport) {}

  @Get('events.csv')
  @RequireScope('read')
  async csv(@Req() request: Request, @Res() response: Response, @Query() query: ExportCsvDto): Promise<void> {
    const form = query.spreadsheet === 'true' ? SPREADSHEET : CSV;
    await this.events.send(request, response, toEventFilter(query), form);
  }

  @Get('events.ndjson')
  @RequireScope('read')
  async ndjson(@Req() request: Request, @Res() response: Response, @Query() query: EventFilterDto): Promise<void> {
    await this.events.send(request, response, toEventFilter(query), NDJSON);
  }
}
