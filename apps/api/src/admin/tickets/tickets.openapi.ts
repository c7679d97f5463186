import { ApiOperation } from '@nestjs/swagger';
import { Answer } from '../../openapi/answers';
import { describeController } from '../../openapi/describe';
import { instant, objectOf, text } from '../../openapi/schema';
import { TicketsController, type TicketDto } from './tickets.controller';

const TICKET = objectOf<TicketDto>('Ticket', {
  required: { ticket: text('Send it once, as the query parameter `ticket`.'), expires_at: instant('In a minute.') },
  optional: {},
});

describeController(TicketsController, 'Administration', {
  issue: [
    ApiOperation({
      summary: 'Get a ticket',
      description: 'For what a browser loads by URL and cannot give a header: one use of one read, within 60 seconds.',
    }),
    Answer(201, 'A ticket for what the key may read.', { schema: TICKET }),
  ],
});
