import type { OpenAPIObject, OperationObject, ResponseObject, SchemaObject } from '@nestjs/swagger';
import { EVENTS_FROM } from '../transport/auth/events-from';
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

const DROPPED_BEFORE = {
  description:
    'Some events of the project before this UTC day were dropped, because it keeps them for so long only. Statistics still count them. Absent as long as all are there.',
  schema: { type: 'string', format: 'date' },
  example: '2026-10-01',
} as const;

/** Examples are data, in which a `title` means nothing. */
const DATA = new Set(['example', 'examples', 'default', 'enum']);

/** Adds what every answer has, and what the HTTP parser answers for every route; makes components of titled schemas. */
export function completeDocument(document: OpenAPIObject): OpenAPIObject {
  for (const operation of operationsOf(document)) {
    for (const [status, { says, example }] of Object.entries(UNREADABLE)) {
      operation.responses[status] ??= { description: says, content: problemContent(example) };
    }
    for (const [status, response] of Object.entries(operation.responses) as [string, ResponseObject][]) {
      response.headers = { ...response.headers, 'X-Request-Id': REQUEST_ID };
      if (status === '200' && isRead(operation)) response.headers[EVENTS_FROM] = DROPPED_BEFORE;
    }
  }
  const schemas: Record<string, SchemaObject> = { ...(document.components?.schemas as Record<string, SchemaObject>) };
  const paths = liftTitled(document.paths, schemas) as OpenAPIObject['paths'];
  return { ...document, paths, components: { ...document.components, schemas } };
}

function isRead({ security = [] }: OperationObject): boolean {
  return security.some((scheme) => Object.values(scheme).some((scopes) => scopes.includes('read')));
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
