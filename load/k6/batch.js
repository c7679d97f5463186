import { check } from 'k6';
import { accepted, anEvent, answerOf, post } from './events.js';
import { batchSize, rampThenSteady } from './settings.js';

export const options = rampThenSteady({ rate: 50, p99Ms: 500 });

const size = batchSize();

export default function batch() {
  const events = Array.from({ length: size }, anEvent);
  const ids = events.map((event) => event.event_id);
  const response = post(events);
  const taken = check(response, {
    'status is 202': ({ status }) => status === 202,
    'every event id comes back, in order': (answer) => String(answerOf(answer).event_ids) === String(ids),
  });
  if (taken) accepted.add(size);
}
