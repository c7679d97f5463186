/** What a Content-Type says, in lower case. */
export interface MediaType {
  /** Type and subtype, without the parameters. */
  readonly essence: string;
  /** `utf-8` when nothing else is said. */
  readonly charset: string;
}

const CHARSET = /^charset\s*=\s*"?([^"]*)"?$/;

export function readMediaType(header: string): MediaType {
  const [essence = '', ...parameters] = header.split(';').map((part) => part.trim().toLowerCase());
  const [charset = 'utf-8'] = parameters.flatMap((parameter) => CHARSET.exec(parameter)?.[1] ?? []);
  return { essence, charset: charset === 'utf8' ? 'utf-8' : charset };
}

/** A subtype that is `json` or ends with `+json` (CloudEvents 1.0.2, JSON format, section 3.1.1). */
export function isJson({ essence }: MediaType): boolean {
  return /^[^/]+\/(?:json|.+\+json)$/.test(essence);
}
