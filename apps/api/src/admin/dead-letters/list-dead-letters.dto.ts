import { Transform } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

const ONCE = 'must be given once';
const LIMIT = 'must be a whole number from 1 to 200';

/** A query parameter that must be digits; anything else stays what it is and fails the next check. */
function toInteger({ value }: { value: unknown }): unknown {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
}

/** Parameters of `GET /api/v1/dead-letters`. */
export class ListDeadLettersDto {
  @Transform(toInteger)
  @IsInt({ message: LIMIT })
  @Min(1, { message: LIMIT })
  @Max(200, { message: LIMIT })
  limit = 20;

  /** What the page before gave as `next_cursor`. */
  @IsOptional()
  @IsString({ message: ONCE })
  cursor?: string;

  @IsIn(['open', 'replayed', 'discarded', 'all'], { message: 'must be open, replayed, discarded or all' })
  status: 'open' | 'replayed' | 'discarded' | 'all' = 'open';

  @IsOptional()
  @IsString({ message: ONCE })
  stage?: string;

  @IsOptional()
  @IsString({ message: ONCE })
  reason?: string;

  @IsOptional()
  @IsString({ message: ONCE })
  topic?: string;

  @IsOptional()
  @IsString({ message: ONCE })
  from?: string;

  @IsOptional()
  @IsString({ message: ONCE })
  to?: string;
}
