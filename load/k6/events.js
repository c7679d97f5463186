/* global crypto */
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { key, url } from './settings.js';

/** Events answered with 202. */
export const accepted = new Counter('events_accepted');

http.setResponseCallback(http.expectedStatuses(202));

const params = { headers: { 'Content-Type': 'application/json', 'X-API-Key': key }, tags: { name: 'events' } };
const names = ['page.viewed', 'user.created', 'order.paid', 'order.shipped'];

/** About 300 bytes, as a small application sends it. */
export function anEvent() {
  const user = Math.floor(Math.random() * 10_000);
  return {
    event_id: crypto.randomUUID(),
    name: names[user % names.length],
    source: 'k6',
    user_id: `user-${user}`,
    occurred_at: new Date().toISOString(),
    amount: Math.floor(Math.random() * 10_000) / 100,
    data: { plan: 'pro', path: `/products/${user}`, tags: ['load', 'k6'], session: crypto.randomUUID() },
  };
}

export function post(body) {
  return http.post(url, JSON.stringify(body), params);
}

/** The answer as an object; an empty one when it is no JSON, so that a check fails instead of the script. */
export function answerOf(response) {
  try {
    return response.json();
  } catch {
    return {};
  }
}
