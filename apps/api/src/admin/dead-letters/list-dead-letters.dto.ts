import { IsIn, IsOptional, IsString } from 'class-validator';
import { IsWholeNumber } from '../../transport/is-whole-number';

const ONCE = 'must be given once';

/** Parameters of `GET /api/v1/dead-letters`. */
export class ListDeadLettersDto {
  @IsWholeNumber(1, 200)
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
