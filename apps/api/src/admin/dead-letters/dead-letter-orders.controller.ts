import { Controller, Delete, HttpCode, Param, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { principalOf, RequireScope } from '../../transport/auth/api-key.guard';
import { TakesJson } from '../../transport/json-body';
import { UntilGone } from '../../transport/until-gone';
import { DeadLetterDiscardService } from './dead-letter-discard.service';
import { toDiscardOrder, toReplayCursor, toReplayOrder } from './dead-letter-order.convert';
import { DeadLetterReplayService } from './dead-letter-replay.service';

/** What is asked of dead letters, and how far it was done. */
interface ReplayedDto {
  readonly matched: number;
  readonly replayed: number;
  /** Only when the request has stopped before its end: send it again with this as `cursor`. */
  readonly next_cursor?: string;
}

interface DiscardedDto {
  readonly matched: number;
  readonly discarded: number;
}

/** Replays and discards dead letters of the key's project. */
@Controller('api/v1/dead-letters')
export class DeadLetterOrdersController {
  constructor(
    private readonly replays: DeadLetterReplayService,
    private readonly discards: DeadLetterDiscardService,
    private readonly untilGone: UntilGone,
  ) {}

  @Post('replay')
  @HttpCode(202)
  @TakesJson()
  @RequireScope('admin')
  async replayMany(@Req() request: Request): Promise<ReplayedDto> {
    const order = toReplayOrder(request.body);
    const { projectId } = principalOf(request);
    const { matched, replayed, rest } = await this.replays.many(projectId, order, this.untilGone.signalOf(request));
    return rest === undefined ? { matched, replayed } : { matched, replayed, next_cursor: toReplayCursor(rest) };
  }

  @Post('discard')
  @HttpCode(202)
  @TakesJson()
  @RequireScope('admin')
  async discardMany(@Req() request: Request): Promise<DiscardedDto> {
    const order = toDiscardOrder(request.body);
    const { projectId } = principalOf(request);
    const [matched, discarded] = await this.discards.many(projectId, order, this.untilGone.signalOf(request));
    return { matched, discarded };
  }

  @Post(':id/replay')
  @HttpCode(202)
  @RequireScope('admin')
  async replayOne(@Req() request: Request, @Param('id') id: string): Promise<ReplayedDto> {
    const replayed = await this.replays.one(principalOf(request).projectId, id);
    return { matched: 1, replayed: Number(replayed) };
  }

  @Delete(':id')
  @HttpCode(202)
  @RequireScope('admin')
  async discardOne(@Req() request: Request, @Param('id') id: string): Promise<DiscardedDto> {
    const discarded = await this.discards.one(principalOf(request).projectId, id);
    return { matched: 1, discarded: Number(discarded) };
  }
}
