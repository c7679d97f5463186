import { Injectable } from '@nestjs/common';
import { execute, GraphQLError, OperationTypeNode, type ExecutionResult, type FormattedExecutionResult } from 'graphql';
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

  contextOf(projectId: number): GraphqlContext {
    const sources = { reader: this.reader, statistics: this.statistics };
    return { projectId, reads: new GraphqlReads(sources, projectId) };
  }

  read(parameters: GraphqlParameters): Operation | readonly GraphQLError[] {
    return readOperation(parameters, this.introspection.allowed);
  }

  /** The answer to a query; never rejects. Without `data` when it was not executed. */
  async query(parameters: GraphqlParameters, projectId: number, requestId: string): Promise<FormattedExecutionResult> {
    const operation = this.read(parameters);
    if (!('document' in operation)) return this.refused(operation, requestId);
    const { document, definition } = operation;
    if (definition.operation === OperationTypeNode.SUBSCRIPTION) {
      const message = 'A subscription needs a WebSocket: graphql-transport-ws, at this path.';
      return this.refused([new GraphQLError(message)], requestId);
    }
    const { operationName, variables } = parameters;
    const contextValue = this.contextOf(projectId);
    const result = await execute({ schema, document, operationName, variableValues: variables, contextValue });
    return this.shown(result, requestId);
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
