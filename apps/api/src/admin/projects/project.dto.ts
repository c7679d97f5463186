import { IsOptional } from 'class-validator';
import { IsLabel } from '../is-label';
import { IsRetentionDays } from './is-retention-days';

/** Body of `POST /api/v1/projects`. */
export class CreateProjectDto {
  @IsLabel()
  name!: string;

  /** Left out: for ever. */
  @IsOptional()
  @IsRetentionDays()
  retention_days?: number | null;
}

/** Body of `PATCH /api/v1/projects/{id}`. */
export class ChangeProjectDto {
  @IsRetentionDays()
  retention_days!: number | null;
}
