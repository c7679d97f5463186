import { Controller, Delete, Get, HttpCode, Param, Query, Req } from '@nestjs/common';
import { isUuid, labelProblem } from '@app/events';
import { Erasures, type StoredErasure } from '@app/persistence';
import type { Request } from 'express';
import { principalOf, RequireScope } from '../../transport/auth/api-key.guard';
import { problems, ProblemError } from '../../transport/problem';
import { refused } from '../refused';
import { EraseUserDto } from './erase-user.dto';
import { toErasureDto, type ErasureDto, type RequestedErasureDto } from './erasure.convert';

/** Erases users of the key's project. */
@Controller('api/v1')
export class ErasuresController {
  constructor(private readonly erasures: Erasures) {}

  /** Also a user who is not known: what is of them may still be on its way. */
  @Delete('users/:user_id')
  @HttpCode(202)
  @RequireScope('admin')
  async request(@Req() request: Request, @Param('user_id') userId: string): Promise<RequestedErasureDto> {
    const problem = labelProblem(userId);
    if (problem !== undefined) throw refused('user_id', problem.code, problem.message);
    return { erasure_id: await this.erasures.request(principalOf(request).projectId, userId) };
  }

  /** The same for any user: clients take `.` and `..` in a path for steps. */
  @Delete('users')
  @HttpCode(202)
  @RequireScope('admin')
  async requestOf(@Req() request: Request, @Query() { user_id }: EraseUserDto): Promise<RequestedErasureDto> {
    return { erasure_id: await this.erasures.request(principalOf(request).projectId, user_id) };
  }

  @Get('erasures/:id')
  @RequireScope('admin')
  async one(@Req() request: Request, @Param('id') id: string): Promise<ErasureDto> {
    return toErasureDto(await this.find(principalOf(request).projectId, id));
  }

  /** @throws {ProblemError} 404; 422 for what is no UUID. */
  private async find(projectId: number, id: string): Promise<StoredErasure> {
    if (!isUuid(id)) throw refused('id', 'format', 'must be a UUID');
    const erasure = await this.erasures.find(projectId, id);
    if (erasure === undefined) throw new ProblemError(problems.notFound('No erasure has this id.'));
    return erasure;
  }
}
