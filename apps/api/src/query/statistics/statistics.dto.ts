import { IsIn, IsOptional } from 'class-validator';
import type { Cohort } from '@app/analytics';
import { IsLabel } from '../../admin/is-label';
import { IsWholeNumber } from '../../transport/is-whole-number';
import { IsGivenOnce } from '../../transport/is-given-once';

const ZERO = { message: 'must be zero' };

/** Parameters of `GET /api/v1/stats/dau`. */
export class DauDto {
  @IsGivenOnce()
  from?: string;

  @IsGivenOnce()
  to?: string;

  @IsOptional()
  @IsIn(['zero'], ZERO)
  fill?: 'zero';
}

/** Parameters of `GET /api/v1/stats/top-events`. */
export class TopEventsDto {
  @IsGivenOnce()
  from?: string;

  @IsGivenOnce()
  to?: string;

  @IsWholeNumber(1, 1000)
  limit = 10;
}

/** Parameters of `GET /api/v1/stats/retention`. */
export class RetentionDto {
  /** Required; read where the other dates are, which tells what is wrong with it. */
  @IsGivenOnce()
  start_date?: string;

  @IsWholeNumber(1, 366)
  windows = 7;

  @IsIn(['active', 'new'], { message: 'must be active or new' })
  cohort: Cohort = 'active';
}

/** Parameters of `GET /api/v1/stats/per-minute`. */
export class PerMinuteDto {
  @IsWholeNumber(1, 10_080)
  minutes = 60;

  @IsOptional()
  @IsLabel()
  name?: string;

  @IsOptional()
  @IsIn(['zero'], ZERO)
  fill?: 'zero';
}
