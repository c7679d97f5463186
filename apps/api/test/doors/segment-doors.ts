import type { BadField } from '../bad-events';
import { httpDoor, type Door } from './door';

const WORDS: Partial<Record<BadField, string>> = {
  name: 'event',
  user_id: 'userId',
  occurred_at: 'timestamp',
  data: 'properties',
};
const headers = { 'Content-Type': 'application/json' };

/** Empty texts are nothing at all to Segment's libraries, and a clock that is ahead is set right. */
function message(at: BadField, json: string): string | undefined {
  const word = WORDS[at];
  if (word === undefined || (json === '""' && at !== 'name') || json.startsWith('"9999')) return undefined;
  const members = Object.entries({ event: '"e"', userId: '"u"', [word]: json });
  return `{"type":"track",${members.map(([name, value]) => `"${name}":${value}`).join(',')}}`;
}

function door(name: string, path: string, body: (message: string) => string): Door {
  return httpDoor({ name, refused: 200, silent: true, words: WORDS }, (at, json) => {
    const event = message(at, json);
    return event === undefined ? undefined : { path, headers, body: body(event) };
  });
}

export const segmentDoors: readonly Door[] = [
  door('Segment, one message', '/v1/track', (event) => event),
  door('Segment, a batch', '/v1/batch', (event) => `{"batch":[${event}]}`),
];
