import { EventFilterDto } from './event-filter.dto';
import { IsGivenOnce } from '../transport/is-given-once';
import { IsWholeNumber } from '../transport/is-whole-number';

/** Parameters of `GET /api/v1/events`. */
export class ListEventsDto extends EventFilterDto {
  @IsWholeNumber(1, 200)
  limit = 20;

  /** What the page before gave as `next_cursor`. */
  @IsGivenOnce()
  cursor?: string;
}
