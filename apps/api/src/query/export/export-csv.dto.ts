import { IsIn, IsOptional } from 'class-validator';
import { EventFilterDto } from '../event-filter.dto';

/** Parameters of `GET /api/v1/events.csv`. */
export class ExportCsvDto extends EventFilterDto {
  @IsOptional()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  spreadsheet?: 'true' | 'false';
}
