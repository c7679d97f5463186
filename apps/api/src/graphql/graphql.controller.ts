import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { principalOf, RequireScope } from '../transport/auth/api-key.guard';
import { authorize, presentedKey } from '../transport/auth/authorize';
import { tellEventsFrom } from '../transport/auth/events-from';
import { KeyRing } from '../transport/auth/key-ring';
import { BodyBudget } from '../transport/body-budget';
import { readJson } from '../transport/json-body';
import { requestIdOf } from '../transport/request-id';
import { sendResult, type MediaType } from './graphql-answer';
import { MAX_REQUEST_BYTES, readParameters, readUrlParameters, type GraphqlParameters } from './graphql-parameters';
import { GraphqlService } from './graphql-service';
import { sendPage } from './playground/page';

const RESULT_TYPES: readonly MediaType[] = ['application/json', 'application/graphql-response+json'];

/** GraphQL over HTTP. */
@Controller('graphql')
export class GraphqlController {
  constructor(
    private readonly graphql: GraphqlService,
    private readonly keys: KeyRing,
    private readonly budget: BodyBudget,
  ) {}

  @Post()
  @RequireScope('read')
  async post(@Req() request: Request, @Res() response: Response): Promise<void> {
    const parameters = readParameters(await readJson(request, this.budget, MAX_REQUEST_BYTES));
    await this.answer(request, response, parameters, principalOf(request).projectId);
  }

  /** A query in the URL; to browsers the playground, which is open to all: what it shows needs a key. */
  @Get()
  async get(@Req() request: Request, @Res() response: Response): Promise<void> {
    if (request.accepts([...RESULT_TYPES, 'text/html']) === 'text/html') {
      sendPage(request, response);
      return;
    }
    const principal = await authorize(presentedKey(request), this.keys, 'read');
    tellEventsFrom(response, principal);
    await this.answer(request, response, readUrlParameters(request.query), principal.projectId);
  }

  private async answer(
    request: Request,
    response: Response,
    parameters: GraphqlParameters,
    projectId: number,
  ): Promise<void> {
    const type = request.accepts([...RESULT_TYPES]) || 'application/json';
    const asker = { projectId, requestId: requestIdOf(request), isGone: () => response.destroyed };
    sendResult(response, type as MediaType, await this.graphql.query(parameters, asker));
  }
}
