import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { EventFilterDto } from './event-filter.dto';

/** A query parameter that must be digits; anything else stays what it is and fails the next check. */
function toInteger({ value }: { value: unknown }): unknown {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
}

/** Parameters of `GET /api/v1/events`. */
export class ListEventsDto extends EventFilterDto {
  @Transform(toInteger)
  @IsInt({ message: 'must be a whole number from 1 to 200' })
  @Min(1, { message: 'must be a whole number from 1 to 200' })
  @Max(200, { message: 'must be a whole number from 1 to 200' })
  limit = 20;

  /** What the page before gave as `next_cursor`. */
  @IsOptional()
  @IsString({ message: 'must be given once' })
  cursor?: string;
}
