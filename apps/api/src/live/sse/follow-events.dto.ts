import { IsOptional, IsString } from 'class-validator';
import { EventFilterDto } from '../../query/event-filter.dto';

/** Parameters of `GET /api/v1/events/stream`. */
export class FollowEventsDto extends EventFilterDto {
  /** For a client that cannot send the header: an EventSource that is made anew. */
  @IsOptional()
  @IsString({ message: 'must be given once' })
  last_event_id?: string;
}
