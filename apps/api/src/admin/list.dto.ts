import { IsWholeNumber } from '../transport/is-whole-number';
import { IsGivenOnce } from '../transport/is-given-once';

/** Parameters of every list of the administration. */
export class ListDto {
  @IsWholeNumber(1, 200)
  limit = 20;

  /** What the page before gave as `next_cursor`. */
  @IsGivenOnce()
  cursor?: string;
}
