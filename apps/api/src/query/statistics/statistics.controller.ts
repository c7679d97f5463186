import { Controller, Get, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import { dayOf, Statistics } from '@app/analytics';
import { principalOf, RequireScope } from '../../transport/auth/api-key.guard';
import { readDay, readDayRange } from './day-range';
import {
  toDailyUsersDto,
  toMinuteTotalsDto,
  toRetentionDto,
  toTopEventDtos,
  type CohortRetentionDto,
  type DailyUsersDto,
  type MinuteTotalsDto,
  type TopEventDto,
} from './statistics.convert';
import { DauDto, PerMinuteDto, RetentionDto, TopEventsDto } from './statistics.dto';

/** Numbers over the stored events of the key's project. */
@Controller('api/v1/stats')
export class StatisticsController {
  constructor(private readonly statistics: Statistics) {}

  @Get('dau')
  @RequireScope('read')
  async dau(@Req() request: Request, @Query() query: DauDto): Promise<DailyUsersDto[]> {
    const days = readDayRange(query, dayOf(new Date()));
    const users = await this.statistics.dau(principalOf(request).projectId, { ...days, fill: query.fill === 'zero' });
    return users.map(toDailyUsersDto);
  }

  @Get('top-events')
  @RequireScope('read')
  async topEvents(@Req() request: Request, @Query() query: TopEventsDto): Promise<TopEventDto[]> {
    const days = readDayRange(query, dayOf(new Date()));
    const { limit } = query;
    return toTopEventDtos(await this.statistics.topEvents(principalOf(request).projectId, { ...days, limit }));
  }

  @Get('retention')
  @RequireScope('read')
  async retention(@Req() request: Request, @Query() query: RetentionDto): Promise<CohortRetentionDto> {
    const startDay = readDay('start_date', query.start_date);
    const { windows, cohort } = query;
    const { projectId } = principalOf(request);
    return toRetentionDto(await this.statistics.retention(projectId, { startDay, windows, cohort }));
  }

  @Get('per-minute')
  @RequireScope('read')
  async perMinute(@Req() request: Request, @Query() query: PerMinuteDto): Promise<MinuteTotalsDto[]> {
    const { minutes, name, fill } = query;
    const asked = { now: new Date(), minutes, name, fill: fill === 'zero' };
    const totals = await this.statistics.perMinute(principalOf(request).projectId, asked);
    return totals.map(toMinuteTotalsDto);
  }
}
