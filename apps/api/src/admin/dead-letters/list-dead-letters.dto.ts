import { IsIn } from 'class-validator';
import { IsGivenOnce } from '../../transport/is-given-once';
import { ListDto } from '../list.dto';

/** Parameters of `GET /api/v1/dead-letters`. */
export class ListDeadLettersDto extends ListDto {
  @IsIn(['open', 'replayed', 'discarded', 'all'], { message: 'must be open, replayed, discarded or all' })
  status: 'open' | 'replayed' | 'discarded' | 'all' = 'open';

  @IsGivenOnce()
  stage?: string;

  @IsGivenOnce()
  reason?: string;

  @IsGivenOnce()
  topic?: string;

  @IsGivenOnce()
  from?: string;

  @IsGivenOnce()
  to?: string;
}
