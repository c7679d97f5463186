import { IsOptional, IsString } from 'class-validator';
import { IsWholeNumber } from '../transport/is-whole-number';

/** Parameters of every list of the administration. */
export class ListDto {
  @IsWholeNumber(1, 200)
  limit = 20;

  /** What the page before gave as `next_cursor`. */
  @IsOptional()
  @IsString({ message: 'must be given once' })
  cursor?: string;
}
