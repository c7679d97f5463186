import { nativeBody } from '../bad-events';
import { httpDoor, type Door } from './door';

const path = '/api/v1/events';
const headers = { 'Content-Type': 'application/json' };

export const nativeDoors: readonly Door[] = [
  httpDoor({ name: 'a native object', refused: 422 }, (at, json) => ({ path, headers, body: nativeBody(at, json) })),
  httpDoor({ name: 'a native array', refused: 422 }, (at, json) => ({
    path,
    headers,
    body: `[${nativeBody(at, json)}]`,
  })),
  httpDoor({ name: 'a native line', refused: 422 }, (at, json) => ({
    path,
    headers: { 'Content-Type': 'application/x-ndjson' },
    body: nativeBody(at, json),
  })),
];
