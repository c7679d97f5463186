import { check } from 'k6';
import { accepted, anEvent, answerOf, post } from './events.js';
import { rampThenSteady } from './settings.js';

export const options = rampThenSteady({ rate: 1000, p99Ms: 250 });

export default function single() {
  const event = anEvent();
  const response = post(event);
  const taken = check(response, {
    'status is 202': ({ status }) => status === 202,
    'the event id comes back': (answer) => answerOf(answer).event_id === event.event_id,
  });
  if (taken) accepted.add(1);
}
