import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import { principalOf, RequireScope } from '../../transport/auth/api-key.guard';
import { TakesJson } from '../../transport/json-body';
import { ListDto } from '../list.dto';
import {
  readExpiry,
  readKeyCursor,
  toKeyCursor,
  toKeyDto,
  toNewKeyDto,
  type KeyPageDto,
  type NewKeyDto,
} from './key.convert';
import { CreateKeyDto, RotateKeyDto } from './key.dto';
import { KeysService } from './keys.service';

/** The keys of the caller's project; those of all projects for administrators of project `default`. */
@Controller('api/v1/keys')
export class KeysController {
  constructor(private readonly keys: KeysService) {}

  /** By project and id, also those that were revoked or have expired. */
  @Get()
  @RequireScope('admin')
  async list(@Req() request: Request, @Query() { limit, cursor }: ListDto): Promise<KeyPageDto> {
    const after = cursor === undefined ? undefined : readKeyCursor(cursor);
    const found = await this.keys.list(principalOf(request), limit + 1, after);
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return { data: page.map(toKeyDto), next_cursor: last === undefined ? null : toKeyCursor(last) };
  }

  @Post()
  @RequireScope('admin')
  @TakesJson()
  async create(@Req() request: Request, @Body() body: CreateKeyDto): Promise<NewKeyDto> {
    const { name, scopes, project } = body;
    const wish = { name, scopes, project, expiresAt: readExpiry(body.expires_at) };
    const { key, text } = await this.keys.create(principalOf(request), wish);
    return toNewKeyDto(key, text);
  }

  @Post(':id/rotate')
  @RequireScope('admin')
  @TakesJson()
  async rotate(@Req() request: Request, @Param('id') id: string, @Body() body: RotateKeyDto): Promise<NewKeyDto> {
    const { key, text } = await this.keys.rotate(principalOf(request), id, readExpiry(body.expires_at));
    return toNewKeyDto(key, text);
  }

  /** For ever; again is no error. */
  @Delete(':id')
  @HttpCode(204)
  @RequireScope('admin')
  async revoke(@Req() request: Request, @Param('id') id: string): Promise<void> {
    await this.keys.revoke(principalOf(request), id);
  }
}
