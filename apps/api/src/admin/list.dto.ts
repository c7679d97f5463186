import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

const LIMIT = { message: 'must be a whole number from 1 to 200' };

/** A query parameter that must be digits; anything else stays what it is and fails the next check. */
function toInteger({ value }: { value: unknown }): unknown {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
}

/** Parameters of every list of the administration. */
export class ListDto {
  @Transform(toInteger)
  @IsInt(LIMIT)
  @Min(1, LIMIT)
  @Max(200, LIMIT)
  limit = 20;

  /** What the page before gave as `next_cursor`. */
  @IsOptional()
  @IsString({ message: 'must be given once' })
  cursor?: string;
}
