import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import { DeadLetters } from '@app/persistence';
import { principalOf, RequireScope } from '../../transport/auth/api-key.guard';
import { toFilter } from './dead-letter-filter.convert';
import {
  toDeadLetterDto,
  toWholeDeadLetterDto,
  type DeadLetterPageDto,
  type WholeDeadLetterDto,
} from './dead-letter.convert';
import { checkLetterId, findLetter } from './find-letter';
import { ListDeadLettersDto } from './list-dead-letters.dto';

/** Shows the dead letters of the key's project. */
@Controller('api/v1/dead-letters')
export class DeadLettersController {
  constructor(private readonly letters: DeadLetters) {}

  /** Newest first; the open ones, unless `status` says otherwise. */
  @Get()
  @RequireScope('admin')
  async list(@Req() request: Request, @Query() query: ListDeadLettersDto): Promise<DeadLetterPageDto> {
    const { limit, cursor, status, ...rest } = query;
    if (cursor !== undefined) checkLetterId(cursor, 'cursor', 'is none of this list');
    const filter = { ...toFilter(rest), status: status === 'all' ? undefined : status };
    const letters = await this.letters.newest(principalOf(request).projectId, filter, limit + 1, cursor);
    const page = letters.slice(0, limit);
    return { data: page.map(toDeadLetterDto), next_cursor: (letters.length > limit && page.at(-1)?.id) || null };
  }

  @Get(':id')
  @RequireScope('admin')
  async one(@Req() request: Request, @Param('id') id: string): Promise<WholeDeadLetterDto> {
    return toWholeDeadLetterDto(await findLetter(this.letters, principalOf(request).projectId, id));
  }
}
