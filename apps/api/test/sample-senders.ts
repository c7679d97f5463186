import { randomUUID } from 'node:crypto';
import { cloudEventId, segmentEventId } from '@app/events';
import type { Sample } from './any-event';
import type { Target } from './doors/door';

/** An event that was taken, and what a reader has to find. */
export interface Taken {
  readonly id: string;
  readonly expected: Readonly<Record<string, unknown>>;
}

/** Sends the events by one door and tells which were taken. */
export type Sender = (target: Target, samples: readonly Sample[]) => Promise<readonly Taken[]>;

interface BatchAnswer {
  readonly event_ids?: readonly (string | null)[];
}

async function post(target: Target, path: string, headers: Record<string, string>, body: string): Promise<Response> {
  const answer = await fetch(`${target.url}${path}`, {
    method: 'POST',
    headers: { 'X-API-Key': target.key, 'Content-Type': 'application/json', ...headers },
    body,
  });
  if (answer.status >= 500) throw new Error(`Answered ${answer.status}: ${await answer.text()}`);
  return answer;
}

/** What every door keeps alike. Data as JSON, in which −0 is 0. */
function expectedOf({ name, userId, occurredAt, data }: Sample): Record<string, unknown> {
  return {
    name,
    user_id: userId ?? null,
    ...(occurredAt !== undefined && { occurred_at: occurredAt }),
    data: JSON.parse(JSON.stringify(data)) as unknown,
  };
}

/** Those that were taken, in the order of the answer's ids. */
async function takenOf(answer: Response, expected: readonly Taken['expected'][]): Promise<Taken[]> {
  const { event_ids = [] } = (await answer.json()) as BatchAnswer;
  return event_ids.flatMap((id, index) => (id === null ? [] : [{ id, expected: expected[index] ?? {} }]));
}

export const nativeArray: Sender = async (target, samples) => {
  const bodies = samples.map(({ userId, occurredAt, ...sample }) => ({
    ...sample,
    event_id: randomUUID(),
    user_id: userId,
    occurred_at: occurredAt,
  }));
  const answer = await post(target, '/api/v1/events', {}, JSON.stringify(bodies));
  const expected = samples.map((sample) => ({
    ...expectedOf(sample),
    source: sample.source ?? null,
    amount: sample.amount ?? null,
  }));
  return takenOf(answer, expected);
};

function toCloudEvent({ name, source = '/any', userId, occurredAt, data }: Sample): Record<string, unknown> {
  return { specversion: '1.0', id: randomUUID(), source, type: name, subject: userId, time: occurredAt, data };
}

function cloudEventExpected(sample: Sample, { id, source }: Record<string, unknown>): Taken['expected'] {
  return { ...expectedOf(sample), source, context: { specversion: '1.0', id } };
}

export const cloudEventsBatch: Sender = async (target, samples) => {
  const events = samples.map(toCloudEvent);
  const headers = { 'Content-Type': 'application/cloudevents-batch+json' };
  const answer = await post(target, '/api/v1/events', headers, JSON.stringify(events));
  return takenOf(
    answer,
    samples.map((sample, index) => cloudEventExpected(sample, events[index] ?? {})),
  );
};

/** One request for each, so only of some; a header cannot say half of a surrogate pair. */
export const cloudEventsInHeaders: Sender = async (target, samples) => {
  const texts = ({ name, source, userId }: Sample): boolean =>
    [name, source, userId].every((value) => value?.isWellFormed() ?? true);
  const taken: Taken[] = [];
  for (const sample of samples.filter(texts).slice(0, 3)) {
    const { data, ...attributes } = toCloudEvent(sample);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === 'string') headers[`ce-${name}`] = encodeURIComponent(value);
    }
    const answer = await post(target, '/api/v1/events', headers, JSON.stringify(data));
    if (answer.status !== 202) continue;
    const expected = cloudEventExpected(sample, attributes);
    const context = { ...(expected['context'] as object), datacontenttype: 'application/json' };
    const id = cloudEventId(String(attributes['source']), String(attributes['id']));
    taken.push({ id, expected: { ...expected, context } });
  }
  return taken;
};

/** Tells nobody what it has refused: for events that every door takes. Its clock correction is a matter of its own. */
export const segmentBatch: Sender = async (target, samples) => {
  const messages = samples.map(({ name, userId, data }) => ({
    type: 'track',
    messageId: randomUUID(),
    event: name,
    userId,
    properties: data,
  }));
  await post(target, '/v1/batch', {}, JSON.stringify({ batch: messages }));
  return messages.map(({ messageId }, index) => {
    const { name, user_id, data } = expectedOf(samples[index]!);
    return { id: segmentEventId(messageId), expected: { name, user_id, data } };
  });
};
