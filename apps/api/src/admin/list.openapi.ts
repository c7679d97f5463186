import { describeDto } from '../openapi/describe';
import { ListDto } from './list.dto';

describeDto(ListDto, {
  limit: 'How many the page has at most.',
  cursor: 'What the page before gave as `next_cursor`.',
});
