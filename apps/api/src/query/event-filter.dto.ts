import { IsGivenOnce } from '../transport/is-given-once';

/** The parameters that say which events: of a list and of an export. */
export class EventFilterDto {
  @IsGivenOnce()
  name?: string;

  @IsGivenOnce()
  source?: string;

  @IsGivenOnce()
  user_id?: string;

  @IsGivenOnce()
  from?: string;

  @IsGivenOnce()
  to?: string;
}
