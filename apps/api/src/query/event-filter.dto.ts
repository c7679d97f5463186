import { IsOptional, IsString } from 'class-validator';

const ONCE = { message: 'must be given once' };

/** The parameters that say which events: of a list and of an export. */
export class EventFilterDto {
  @IsOptional()
  @IsString(ONCE)
  name?: string;

  @IsOptional()
  @IsString(ONCE)
  source?: string;

  @IsOptional()
  @IsString(ONCE)
  user_id?: string;

  @IsOptional()
  @IsString(ONCE)
  from?: string;

  @IsOptional()
  @IsString(ONCE)
  to?: string;
}
