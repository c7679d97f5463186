import { IsLabel } from '../is-label';

/** Parameters of `DELETE /api/v1/users`. */
export class EraseUserDto {
  @IsLabel()
  user_id!: string;
}
