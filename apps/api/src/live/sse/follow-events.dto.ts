import { EventFilterDto } from '../../query/event-filter.dto';
import { IsGivenOnce } from '../../transport/is-given-once';

/** Parameters of `GET /api/v1/events/stream`. */
export class FollowEventsDto extends EventFilterDto {
  /** For a client that cannot send the header: an EventSource that is made anew. */
  @IsGivenOnce()
  last_event_id?: string;
}
