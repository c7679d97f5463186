/** An answer of `/graphql`. */
export interface GraphqlAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly data: Readonly<Record<string, unknown>> | null | undefined;
  readonly errors: readonly GraphqlFailure[];
}

interface GraphqlFailure {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: { readonly code: string; readonly field?: string; readonly errors?: readonly object[] };
}

export const STRICT = 'application/graphql-response+json';

export interface AskOptions {
  readonly variables?: object;
  readonly operationName?: string;
  readonly accept?: string;
}

/** Asks by POST. */
export type AskGraphql = (query: string, options?: AskOptions) => Promise<GraphqlAnswer>;

export function askingGraphql(url: string, key: string): AskGraphql {
  return async (query, { accept = STRICT, ...others } = {}) => {
    const answer = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'X-API-Key': key, 'Content-Type': 'application/json', Accept: accept },
      body: JSON.stringify({ query, ...others }),
    });
    const { data, errors = [] } = (await answer.json()) as Pick<GraphqlAnswer, 'data'> & {
      errors?: GraphqlAnswer['errors'];
    };
    return { status: answer.status, headers: answer.headers, data, errors };
  };
}

/** The codes of the errors, each once. */
export function codesOf({ errors }: GraphqlAnswer): string[] {
  return [...new Set(errors.map(({ extensions }) => extensions.code))];
}
