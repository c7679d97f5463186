import { IsLabel } from '../is-label';

/** Body of `POST /api/v1/projects`. */
export class CreateProjectDto {
  @IsLabel()
  name!: string;
}
