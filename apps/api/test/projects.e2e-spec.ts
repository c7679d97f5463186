import { randomUUID } from 'node:crypto';
import request, { type Response } from 'supertest';
import { runningApi, type TestApi } from './running-api';

const PROJECTS = '/api/v1/projects';
const FROM = 'millrace-events-from';

interface ProjectBody {
  readonly id: number;
  readonly name: string;
  readonly retention_days: number | null;
  readonly events_from: string | null;
}

let test: TestApi;
let admin: string;
beforeAll(async () => {
  test = await runningApi();
  admin = await test.addKey(['admin']);
});
afterAll(() => test.stop());

async function make(body: object = {}): Promise<ProjectBody> {
  const answer = await request(test.api.url)
    .post(PROJECTS)
    .set('X-API-Key', admin)
    .send({ name: randomUUID(), ...body });
  expect(answer.status).toBe(201);
  return answer.body as ProjectBody;
}

function change(id: unknown, body: object): Promise<Response> {
  return request(test.api.url)
    .patch(`${PROJECTS}/${String(id)}`)
    .set('X-API-Key', admin)
    .send(body);
}

async function listed(id: number): Promise<ProjectBody | undefined> {
  const answer = await request(test.api.url).get(`${PROJECTS}?limit=200`).set('X-API-Key', admin);
  return (answer.body as { data: ProjectBody[] }).data.find((project) => project.id === id);
}

describe('how long a project keeps its events', () => {
  it('is said when it is made, or later, and shown in the list', async () => {
    const made = await make({ name: 'kept', retention_days: 90 });
    expect(made).toEqual({ id: made.id, name: 'kept', retention_days: 90, events_from: null });
    expect(await listed(made.id)).toEqual(made);
    for (const days of [7, 36_500, null]) {
      const answer = await change(made.id, { retention_days: days });
      expect([answer.status, answer.body]).toEqual([200, { ...made, retention_days: days }]);
      expect(await listed(made.id)).toEqual({ ...made, retention_days: days });
    }
    expect(test.lines).toContainEqual(
      expect.objectContaining({
        msg: 'How long a project keeps its events is set.',
        project: made.id,
        retention_days: 7,
        key_id: admin.split('_')[1],
      }),
    );
  });

  it('is for ever when nobody says', async () => {
    expect((await make()).retention_days).toBeNull();
    expect((await make({ retention_days: null })).retention_days).toBeNull();
  });

  it.each([6, 36_501, 0, -30, 30.5, 1e300, '30', '', true, [30], {}])('is not %j', async (days) => {
    const refusal = { errors: [{ field: 'retention_days', message: expect.stringContaining('7 to 36500') as string }] };
    const { id } = await make({ retention_days: 30 });
    const changed = await change(id, { retention_days: days });
    expect([changed.status, changed.body]).toMatchObject([422, refusal]);
    expect((await listed(id))?.retention_days).toBe(30);
    const made = request(test.api.url).post(PROJECTS).set('X-API-Key', admin);
    expect((await made.send({ name: randomUUID(), retention_days: days })).body).toMatchObject(refusal);
  });

  it('has to be said in a change, of a project that is there, and nothing else is changed', async () => {
    const { id } = await make({ retention_days: 30 });
    const refusal = { errors: [{ field: 'retention_days' }] };
    expect((await change(id, {})).body).toMatchObject({ status: 422, ...refusal });
    const other = await change(id, { retention_days: 40, name: 'other' });
    expect(other.body).toMatchObject({ status: 422, errors: [{ field: 'name', code: 'unknown_field' }] });
    for (const unknown of [999_999, '0', '-1', 'default', '1e0', '99999999999', '%00']) {
      expect([unknown, (await change(unknown, { retention_days: 40 })).status]).toEqual([unknown, 404]);
    }
    expect((await listed(id))?.retention_days).toBe(30);
  });
});

describe('of a project that has dropped events', () => {
  const query = '{ topEvents { count } }';
  let key: string;
  let whole: string;
  beforeAll(async () => {
    const [{ id }, other] = [await make(), await make()];
    await test.db.database.query(`UPDATE projects SET events_from = '2026-10-01' WHERE id = $1`, [id]);
    key = await test.addKey(['ingest', 'read'], id);
    whole = await test.addKey(['read'], other.id);
    expect((await listed(id))?.events_from).toBe('2026-10-01');
  });

  it.each([
    ['get', '/api/v1/events'],
    ['get', '/api/v1/events.csv'],
    ['get', '/api/v1/events.ndjson'],
    ['head', '/api/v1/events/stream'],
    ['get', `/api/v1/events/${randomUUID()}/trace`],
    ['get', '/api/v1/stats/dau'],
    ['get', '/api/v1/stats/top-events'],
    ['get', '/api/v1/stats/retention?start_date=2026-01-01'],
    ['get', '/api/v1/stats/per-minute'],
    ['get', `/graphql?query=${encodeURIComponent(query)}`],
    ['post', '/graphql'],
  ] as const)('%s %s says from which day on all are there', async (method, path) => {
    const ask = (presented: string): Promise<Response> => {
      const asked = request(test.api.url)[method](path).set('X-API-Key', presented);
      return method === 'post' ? asked.send({ query }) : asked;
    };
    const [told, untold] = [await ask(key), await ask(whole)];
    expect([told.status, told.headers[FROM]]).toEqual([200, '2026-10-01']);
    expect([untold.status, untold.headers[FROM]]).toEqual([200, undefined]);
  });

  it('a ticket is told the same, and who sends is told nothing', async () => {
    const made = await request(test.api.url).post('/api/v1/tickets').set('X-API-Key', key);
    const { ticket } = made.body as { ticket: string };
    const read = await request(test.api.url).get(`/api/v1/stats/dau?ticket=${ticket}`);
    expect([read.status, read.headers[FROM]]).toEqual([200, '2026-10-01']);
    const sent = await request(test.api.url).post('/api/v1/events').set('X-API-Key', key).send({ name: 'n' });
    expect([sent.status, sent.headers[FROM]]).toEqual([202, undefined]);
  });
});
