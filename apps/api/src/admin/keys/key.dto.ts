import { ArrayNotEmpty, ArrayUnique, IsArray, IsIn, IsOptional } from 'class-validator';
import type { Scope } from '@app/persistence';
import { IsLabel } from '../is-label';

const SCOPES = { message: 'must be one or more of ingest, read, admin, each once' };

/** Body of `POST /api/v1/keys/{id}/rotate`. */
export class RotateKeyDto {
  /** RFC 3339 with zone; left out, the new key lives as long as the old one was meant to. */
  @IsOptional()
  expires_at?: unknown;
}

/** Body of `POST /api/v1/keys`. */
export class CreateKeyDto {
  @IsLabel()
  name!: string;

  @IsArray(SCOPES)
  @ArrayNotEmpty(SCOPES)
  @ArrayUnique(SCOPES)
  @IsIn(['ingest', 'read', 'admin'], { each: true, ...SCOPES })
  scopes!: Scope[];

  /** Id or name; left out, the project of the caller's key. */
  @IsOptional()
  project?: unknown;

  /** RFC 3339 with zone; left out, it does not expire. */
  @IsOptional()
  expires_at?: unknown;
}
