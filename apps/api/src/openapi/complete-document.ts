import type { OpenAPIObject, OperationObject, ResponseObject, SchemaObject } from '@nestjs/swagger';
import { problems, type Problem } from '../transport/problem';
import { problemContent } from './answers';

const UNREADABLE: Readonly<Record<string, { readonly says: string; readonly example: Problem }>> = {
  400: { says: 'The request cannot be read.', example: problems.malformed('The request is no HTTP.') },
  408: { says: 'The request did not arrive in time.', example: problems.tooSlow() },
  431: { says: 'The path and the headers are larger than 8 KiB.', example: problems.headersTooLarge() },
};

const REQUEST_ID = {
  required: true,
  description: 'Of the request when it was sane, else made. Leads to the log lines.',
  schema: { type: 'string', pattern: '^[A-Za-z0-9._:@+=/-]{1,128}$' },
} as const;

/** Examples are data, in which a `title` means nothing. */
const DATA = new Set(['example', 'examples', 'default', 'enum']);

/** Adds what every answer has, and what the HTTP parser answers for every route; makes components of titled schemas. */
export function completeDocument(document: OpenAPIObject): OpenAPIObject {
  for (const operation of operationsOf(document)) {
    for (const [status, { says, example }] of Object.entries(UNREADABLE)) {
      operation.responses[status] ??= { description: says, content: problemContent(example) };
    }
    for (const response of Object.values(operation.responses) as ResponseObject[]) {
      response.headers = { ...response.headers, 'X-Request-Id': REQUEST_ID };
    }
  }
  const schemas: Record<string, SchemaObject> = { ...(document.components?.schemas as Record<string, SchemaObject>) };
  const paths = liftTitled(document.paths, schemas) as OpenAPIObject['paths'];
  return { ...document, paths, components: { ...document.components, schemas } };
}

function operationsOf(document: OpenAPIObject): OperationObject[] {
  return Object.values(document.paths).flatMap((path) => Object.values(path) as OperationObject[]);
}

/** A copy in which every schema with a title is a reference; the schemas go into `components`. */
function liftTitled(node: unknown, components: Record<string, unknown>): unknown {
  if (typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return (node as unknown[]).map((item) => liftTitled(item, components));
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries<unknown>(node as Record<string, unknown>)) {
    copy[key] = DATA.has(key) ? value : liftTitled(value, components);
  }
  const { title } = copy;
  if (typeof title !== 'string') return copy;
  const known = components[title];
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(copy)) {
    throw new Error(`Two schemas of the document are named ${title}.`);
  }
  components[title] = copy;
  return { $ref: `#/components/schemas/${title}` };
}
