import type { IncomingMessage } from 'node:http';

/** A request that is over. */
export interface AnsweredRequest {
  readonly request: IncomingMessage;
  /** Template of its route, never its URL; undefined when no route took it. */
  readonly route: string | undefined;
  /** Undefined when the client went away before its answer. */
  readonly status: number | undefined;
  readonly durationMs: number;
}

/** Stands for the route of what no route took: paths are the client's own words, and without end. */
export const UNMATCHED = 'unmatched';
