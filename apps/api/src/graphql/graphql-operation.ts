import {
  getOperationAST,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type OperationDefinitionNode,
} from 'graphql';
import { checkLimits, DOCUMENT_LIMITS } from './document-limits';
import type { GraphqlParameters } from './graphql-parameters';
import { schema } from './schema/schema';

/** What may be executed. */
export interface Operation {
  readonly document: DocumentNode;
  readonly definition: OperationDefinitionNode;
}

const MAX_ERRORS = 10;

/** Reads a document, within its limits. @returns the errors that the client has made. */
export function readOperation(
  { query, operationName, variables }: GraphqlParameters,
  introspection: boolean,
): Operation | readonly GraphQLError[] {
  const document = read(query);
  if (document instanceof GraphQLError) return [document];
  const beyond = checkLimits(schema, document, variables);
  if (beyond !== undefined) return [beyond];
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  const errors = validate(schema, document, rules, { maxErrors: MAX_ERRORS, hideSuggestions: !introspection });
  if (errors.length > 0) return errors;
  const definition = getOperationAST(document, operationName);
  if (definition && !schema.getRootType(definition.operation))
    return [new GraphQLError(`There is nothing for a ${definition.operation} here.`)];
  if (definition) return { document, definition };
  const message = 'operationName must name one of the operations of the document.';
  return [new GraphQLError(message, { extensions: { code: 'invalid', field: 'operationName' } })];
}

function read(query: string): DocumentNode | GraphQLError {
  try {
    return parse(query, { maxTokens: DOCUMENT_LIMITS.tokens });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    // The words of graphql-js 16, its slip included: it has no code for it.
    const tooMany = error.message.includes(`more that ${DOCUMENT_LIMITS.tokens} tokens`);
    const { source, positions } = error;
    const extensions = { code: tooMany ? 'too-many-tokens' : 'malformed' };
    return new GraphQLError(error.message, { source, positions, extensions });
  }
}
