import { Body, Controller, Get, Post, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import { Projects, type StoredProject } from '@app/persistence';
import { principalOf, RequireScope } from '../../transport/auth/api-key.guard';
import { TakesJson } from '../../transport/json-body';
import { ListDto } from '../list.dto';
import { requireAllProjects } from '../project-scope';
import { refused } from '../refused';
import { CreateProjectDto } from './create-project.dto';

/** A page of projects; `next_cursor` leads to the next one and is null at the end. */
export interface ProjectPageDto {
  readonly data: readonly StoredProject[];
  readonly next_cursor: string | null;
}

/** The tenants, for administrators of project `default`. */
@Controller('api/v1/projects')
export class ProjectsController {
  constructor(private readonly projects: Projects) {}

  /** By id. */
  @Get()
  @RequireScope('admin')
  async list(@Req() request: Request, @Query() { limit, cursor }: ListDto): Promise<ProjectPageDto> {
    requireAllProjects(principalOf(request));
    const found = await this.projects.list(limit + 1, cursor === undefined ? 0 : readCursor(cursor));
    const data = found.slice(0, limit);
    const last = found.length > limit ? data.at(-1) : undefined;
    return { data, next_cursor: last === undefined ? null : toCursor(last.id) };
  }

  @Post()
  @RequireScope('admin')
  @TakesJson()
  async create(@Req() request: Request, @Body() { name }: CreateProjectDto): Promise<StoredProject> {
    requireAllProjects(principalOf(request));
    // In a request a project may be named by either, so no name may look like an id.
    if (/^\d+$/.test(name)) throw refused('name', 'format', 'must not consist of digits only');
    const project = await this.projects.add(name);
    if (project === undefined) throw refused('name', 'conflict', 'is the name of another project');
    return project;
  }
}

function toCursor(id: number): string {
  return Buffer.from(String(id)).toString('base64url');
}

function readCursor(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw refused('cursor', 'format', 'is none of this list');
}
