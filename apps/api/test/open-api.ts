import type { OpenAPIObject, OperationObject, RequestBodyObject } from '@nestjs/swagger';

/** One operation of the document. */
export interface Operation {
  readonly path: string;
  readonly method: string;
  readonly operation: OperationObject;
}

/** A body that the document shows as an example of a request. */
export interface RequestExample {
  readonly path: string;
  readonly method: string;
  readonly type: string;
  readonly name: string;
  readonly body: unknown;
}

export async function readDocument(url: string): Promise<OpenAPIObject> {
  return (await (await fetch(`${url}/openapi.json`)).json()) as OpenAPIObject;
}

export function operationsOf(document: OpenAPIObject): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, OperationObject>).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      operation,
    })),
  );
}

export function requestExamples(document: OpenAPIObject): RequestExample[] {
  return operationsOf(document).flatMap(({ path, method, operation }) =>
    Object.entries((operation.requestBody as RequestBodyObject | undefined)?.content ?? {}).flatMap(([type, media]) => {
      const examples = {
        ...media.examples,
        ...(media.example === undefined ? {} : { '': { value: media.example as unknown } }),
      };
      return Object.entries(examples).map(([name, example]) => {
        const body = (example as { readonly value?: unknown }).value;
        return { path, method, type, name, body };
      });
    }),
  );
}
