import { Injectable } from '@nestjs/common';
import {
  execute,
  GraphQLError,
  OperationTypeNode,
  type ExecutionArgs,
  type ExecutionResult,
  type FormattedExecutionResult,
} from 'graphql';
import { PinoLogger } from 'nestjs-pino';
import { Statistics } from '@app/analytics';
import { EventReader } from '@app/persistence';
import type { GraphqlContext } from './graphql-context';
import { toClientErrors } from './graphql-errors';
import { readOperation, type Operation } from './graphql-operation';
import type { GraphqlParameters } from './graphql-parameters';
import { GraphqlReads } from './graphql-reads';
import { schema } from './schema/schema';

/** Whether clients may read the schema. */
export abstract class Introspection {
  abstract readonly allowed: boolean;
}

/** Who waits for an answer. */
export interface Asker {
  readonly projectId: number;
  readonly requestId: string;
  readonly isGone: () => boolean;
}

/** A result as `execute` and its callers have it. */
interface RawResult {
  readonly data?: ExecutionResult['data'] | undefined;
  readonly errors?: readonly GraphQLError[] | undefined;
}

/** Reads and executes operations, for HTTP and for sockets. */
@Injectable()
export class GraphqlService {
  constructor(
    private readonly reader: EventReader,
    private readonly statistics: Statistics,
    private readonly introspection: Introspection,
    private readonly logger: PinoLogger,
  ) {}

  /** @param isGone whether nobody waits for the answer any more. */
  contextOf(projectId: number, isGone: () => boolean): GraphqlContext {
    const sources = { reader: this.reader, statistics: this.statistics };
    return { projectId, reads: new GraphqlReads(sources, projectId, isGone) };
  }

  read(parameters: GraphqlParameters): Operation | readonly GraphQLError[] {
    return readOperation(parameters, this.introspection.allowed);
  }

  /** The answer to a query; never rejects. Without `data` when it was not executed. */
  async query(
    parameters: GraphqlParameters,
    { projectId, requestId, isGone }: Asker,
  ): Promise<FormattedExecutionResult> {
    const operation = this.read(parameters);
    if (!('document' in operation)) return this.refused(operation, requestId);
    if (operation.definition.operation === OperationTypeNode.SUBSCRIPTION) {
      const message = 'A subscription needs a WebSocket: graphql-transport-ws, at this path.';
      return this.refused([new GraphQLError(message)], requestId);
    }
    const result = await execute(this.toExecute(operation, parameters, this.contextOf(projectId, isGone)));
    return this.shown(result, requestId);
  }

  toExecute({ document }: Operation, parameters: GraphqlParameters, contextValue: GraphqlContext): ExecutionArgs {
    const { operationName, variables: variableValues } = parameters;
    // "Did you mean …" tells of the schema, too.
    const hideSuggestions = !this.introspection.allowed;
    return { schema, document, operationName, variableValues, contextValue, hideSuggestions };
  }

  /** The result with its errors as clients may read them. */
  shown({ data, errors }: RawResult, requestId: string): FormattedExecutionResult {
    const answered = data === undefined ? {} : { data };
    return errors === undefined ? answered : { ...this.refused(errors, requestId), ...answered };
  }

  private refused(errors: readonly GraphQLError[], requestId: string): FormattedExecutionResult {
    return { errors: toClientErrors(errors, requestId, this.logger) };
  }
}
