import { badValues, brokenBodies } from './bad-events';
import { allDoors, jsonForms } from './doors/all-doors';
import { sendHttp } from './doors/door';
import { runningApi, type TestApi } from './running-api';

let test: TestApi;

beforeAll(async () => {
  test = await runningApi();
});
afterAll(() => test.stop());

interface LoggedRecord {
  readonly headers: Buffer;
}

const onLog = (): Promise<LoggedRecord[]> => test.db.database.query<LoggedRecord>('SELECT headers FROM log_records');

describe.each(allDoors.map((door) => [door.name, door] as const))('%s', (name, door) => {
  const cases = Object.entries(badValues).flatMap(([family, values]) =>
    values.map(([about, at, json, field, code]) => ({ family, about, at, json, field, code })),
  );

  it.each(cases)('refuses, for $family, $about', async ({ about, at, json, field, code }) => {
    const requestId = `${name}/${at}/${about}`.replaceAll(/[^\w]/g, '-').slice(0, 100);
    const refusal = await door.send({ ...test.api, key: test.key }, requestId, at, json);
    if (refusal === undefined) return; // no way to say it here
    expect(refusal.status).toBe(door.refused);
    if (door.silent !== true) {
      expect(refusal.errors).toEqual([expect.objectContaining({ field: door.path(field), code })]);
      return;
    }
    const records = (await onLog()).filter(({ headers }) => headers.includes(requestId));
    expect(records).toHaveLength(1);
    expect(records[0]!.headers.includes('refused')).toBe(true);
    expect(records[0]!.headers.includes(`${door.path(field)} `)).toBe(true);
  });
});

describe.each(jsonForms)('%s', (about, head) => {
  // Without a body a CloudEvent in headers is one without data.
  const bodies = brokenBodies.filter(([, body]) => body.length > 0 || !('ce-id' in head.headers));

  it.each(bodies)(`that %s is 400`, async (_about, body) => {
    const { status } = await sendHttp({ url: test.api.url, key: test.key }, 'broken', { ...head, body });
    expect([about, status]).toEqual([about, 400]);
  });
});

it('nothing of all this is on the log as an event', async () => {
  const events = (await onLog()).filter(({ headers }) => !headers.includes('refused'));
  expect(events).toEqual([]);
});
