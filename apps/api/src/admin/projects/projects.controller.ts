import { Body, Controller, Get, Param, Patch, Post, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import { PinoLogger } from 'nestjs-pino';
import { Projects } from '@app/persistence';
import { principalOf, RequireScope } from '../../transport/auth/api-key.guard';
import { TakesJson } from '../../transport/json-body';
import { problems, ProblemError } from '../../transport/problem';
import { ListDto } from '../list.dto';
import { requireAllProjects } from '../project-scope';
import { refused } from '../refused';
import { toProjectDto, type ProjectDto, type ProjectPageDto } from './project.convert';
import { ChangeProjectDto, CreateProjectDto } from './project.dto';

/** The tenants, for administrators of project `default`. */
@Controller('api/v1/projects')
export class ProjectsController {
  constructor(
    private readonly projects: Projects,
    private readonly logger: PinoLogger,
  ) {}

  /** By id. */
  @Get()
  @RequireScope('admin')
  async list(@Req() request: Request, @Query() { limit, cursor }: ListDto): Promise<ProjectPageDto> {
    requireAllProjects(principalOf(request));
    const found = await this.projects.list(limit + 1, cursor === undefined ? 0 : readCursor(cursor));
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return { data: page.map(toProjectDto), next_cursor: last === undefined ? null : toCursor(last.id) };
  }

  @Post()
  @RequireScope('admin')
  @TakesJson()
  async create(@Req() request: Request, @Body() body: CreateProjectDto): Promise<ProjectDto> {
    requireAllProjects(principalOf(request));
    const { name, retention_days: retentionDays = null } = body;
    // In a request a project may be named by either, so no name may look like an id.
    if (/^\d+$/.test(name)) throw refused('name', 'format', 'must not consist of digits only');
    const project = await this.projects.add(name, retentionDays);
    if (project === undefined) throw refused('name', 'conflict', 'is the name of another project');
    return toProjectDto(project);
  }

  /** What it drops is gone for good, so the log says who asked for that. */
  @Patch(':id')
  @RequireScope('admin')
  @TakesJson()
  async change(
    @Req() request: Request,
    @Param('id') id: string,
    @Body() { retention_days }: ChangeProjectDto,
  ): Promise<ProjectDto> {
    const principal = principalOf(request);
    requireAllProjects(principal);
    const project = /^\d{1,9}$/.test(id) ? await this.projects.keepFor(Number(id), retention_days) : undefined;
    if (project === undefined) throw new ProblemError(problems.notFound('No project has this id.'));
    const told = { project: project.id, retention_days, key_id: principal.keyId };
    this.logger.info(told, 'How long a project keeps its events is set.');
    return toProjectDto(project);
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
