/** What the messages of the Segment API can be. */
export type SegmentType = 'track' | 'identify' | 'page' | 'screen' | 'group' | 'alias';

const TYPES: ReadonlySet<unknown> = new Set<SegmentType>(['track', 'identify', 'page', 'screen', 'group', 'alias']);

export function isSegmentType(value: unknown): value is SegmentType {
  return TYPES.has(value);
}

/** Paths of the API and what they take: one message of a type, or a batch. The short ones are the browser's. */
export const SEGMENT_ROUTES: ReadonlyMap<string, SegmentType | 'batch'> = new Map<string, SegmentType | 'batch'>([
  ['/v1/batch', 'batch'],
  ['/v1/b', 'batch'],
  ['/v1/import', 'batch'],
  ['/v1/track', 'track'],
  ['/v1/t', 'track'],
  ['/v1/identify', 'identify'],
  ['/v1/i', 'identify'],
  ['/v1/page', 'page'],
  ['/v1/p', 'page'],
  ['/v1/screen', 'screen'],
  ['/v1/s', 'screen'],
  ['/v1/group', 'group'],
  ['/v1/g', 'group'],
  ['/v1/alias', 'alias'],
  ['/v1/a', 'alias'],
]);
