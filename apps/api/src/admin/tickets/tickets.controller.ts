import { Controller, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { principalOf, RequireScope } from '../../transport/auth/api-key.guard';
import { TicketDesk } from '../../transport/auth/ticket-desk';

export interface TicketDto {
  readonly ticket: string;
  readonly expires_at: string;
}

/** Tickets for what a browser loads by URL. */
@Controller('api/v1/tickets')
export class TicketsController {
  constructor(private readonly desk: TicketDesk) {}

  @Post()
  @RequireScope('read')
  async issue(@Req() request: Request): Promise<TicketDto> {
    const { ticket, expiresAt } = await this.desk.issue(principalOf(request).keyId);
    return { ticket, expires_at: expiresAt.toISOString() };
  }
}
