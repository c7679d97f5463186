import { randomUUID } from 'node:crypto';
import request, { type Response } from 'supertest';
import { DeadLetters, Erasures, EventStore, type NewDeadLetter, type Scope } from '@app/persistence';
import { AccessKeys, nobody, SCOPES } from './access-keys';
import { GrpcClient, StreamWatch } from './grpc-client';
import { RawSocket } from './graphql-sockets';
import { runningApi, type TestApi } from './running-api';

/** One door: how to knock, and the scope that opens it. */
interface Door {
  readonly name: string;
  readonly needs: Scope | 'none';
  /** @param key undefined: without one. */
  readonly knock: (key: string | undefined) => Promise<Response>;
  /** What whoever may enter is told. */
  readonly entered: readonly number[];
  /** Only for administrators of project default. */
  readonly allProjects?: boolean;
}

/** Of nothing. */
const UNKNOWN_ID = randomUUID();

let test: TestApi;
let foreignKeyId: string;
let foreignLetterId: string;
let foreignErasureId: string;
let keys: AccessKeys;

/** Calls by header, as most doors are. */
type Method = 'get' | 'head' | 'post' | 'delete' | 'put' | 'patch';
function http(method: Method, path: string | (() => string), body?: object) {
  return async (key: string | undefined): Promise<Response> => {
    const call = request(test.api.url)[method](typeof path === 'string' ? path : path());
    if (key !== undefined) call.set('X-API-Key', key);
    return body === undefined ? call : call.send(body);
  };
}

function door(name: string, needs: Door['needs'], entered: readonly number[], knock: Door['knock']): Door {
  return { name, needs, entered, knock };
}

/** CloudEvents, structured. */
function cloudEvent(method: 'post' | 'put') {
  return async (key: string | undefined): Promise<Response> => {
    const call = request(test.api.url)[method]('/api/v1/events').set('Content-Type', 'application/cloudevents+json');
    if (key !== undefined) call.set('Authorization', `Bearer ${key}`);
    return call.send(JSON.stringify({ specversion: '1.0', id: randomUUID(), source: 's', type: 't' }));
  };
}

/** NDJSON. */
async function lines(key: string | undefined): Promise<Response> {
  const call = request(test.api.url).post('/api/v1/events').set('Content-Type', 'application/x-ndjson');
  if (key !== undefined) call.set('X-API-Key', key);
  return call.send('{"name":"n"}\n');
}

/** Segment's way: the key is the user of Basic. */
function segment(path: string, body: object) {
  return async (key: string | undefined): Promise<Response> => {
    const call = request(test.api.url).post(path);
    if (key !== undefined) call.auth(key, '');
    return call.send(body);
  };
}

const settings = async (key = ''): Promise<Response> =>
  request(test.api.url).get(`/v1/projects/${encodeURIComponent(key === '' ? 'none' : key)}/settings`);

const ofDefault = (row: Door): Door => ({ ...row, allProjects: true });
const newProject: Door['knock'] = (key) => http('post', '/api/v1/projects', { name: randomUUID() })(key);

/** As a browser asks. */
async function page(key: string | undefined): Promise<Response> {
  const call = request(test.api.url).get('/graphql').set('Accept', 'text/html');
  return key === undefined ? call : call.set('X-API-Key', key);
}

/** A row per route. A new door is a new row. */
const doors: readonly Door[] = [
  door('POST events', 'ingest', [202], http('post', '/api/v1/events', { name: 'n' })),
  door('POST events, an array', 'ingest', [202], http('post', '/api/v1/events', [{ name: 'n' }])),
  door('POST events, lines', 'ingest', [202], lines),
  door('POST events, CloudEvents', 'ingest', [202], cloudEvent('post')),
  door('PUT events, CloudEvents', 'ingest', [202], cloudEvent('put')),
  door('POST Segment batch', 'ingest', [200], segment('/v1/batch', { batch: [] })),
  door('POST Segment track', 'ingest', [200], segment('/v1/track', { event: 'e', userId: 'u' })),
  door('POST Segment track, short', 'ingest', [200], segment('/v1/t', { event: 'e', userId: 'u' })),
  door('GET Segment settings', 'ingest', [200], settings),
  door('GET events', 'read', [200], http('get', '/api/v1/events')),
  door('GET events.csv', 'read', [200], http('get', '/api/v1/events.csv')),
  door('GET events.ndjson', 'read', [200], http('get', '/api/v1/events.ndjson')),
  door('GET event', 'read', [404], http('get', `/api/v1/events/${UNKNOWN_ID}`)),
  door('GET trace', 'read', [200], http('get', `/api/v1/events/${UNKNOWN_ID}/trace`)),
  door('GET DAU', 'read', [200], http('get', '/api/v1/stats/dau')),
  door('GET top events', 'read', [200], http('get', '/api/v1/stats/top-events')),
  door('GET retention', 'read', [200], http('get', '/api/v1/stats/retention?start_date=2026-01-01')),
  door('GET numbers by minute', 'read', [200], http('get', '/api/v1/stats/per-minute')),
  // HEAD: the stream itself would not end.
  door('GET stream', 'read', [200], http('head', '/api/v1/events/stream')),
  door('POST GraphQL', 'read', [200], http('post', '/graphql', { query: '{ lastEvents { id } }' })),
  door('GET GraphQL', 'read', [200], http('get', '/graphql?query={lastEvents{id}}')),
  door('GET playground', 'none', [200], page),
  door('GET file of the playground', 'none', [200], http('get', '/graphql/start.js')),
  door('POST tickets', 'read', [201], http('post', '/api/v1/tickets')),
  door('GET keys', 'admin', [200], http('get', '/api/v1/keys')),
  door('POST keys', 'admin', [201], http('post', '/api/v1/keys', { name: 'n', scopes: ['read'] })),
  door('POST rotate', 'admin', [404], http('post', '/api/v1/keys/unknown/rotate')),
  door('DELETE key', 'admin', [404], http('delete', '/api/v1/keys/unknown')),
  door('GET dead letters', 'admin', [200], http('get', '/api/v1/dead-letters')),
  door('GET dead letter', 'admin', [404], http('get', '/api/v1/dead-letters/999')),
  door('POST replay', 'admin', [404], http('post', '/api/v1/dead-letters/999/replay')),
  door('DELETE dead letter', 'admin', [404], http('delete', '/api/v1/dead-letters/999')),
  door(
    'POST replay of many',
    'admin',
    [202],
    http('post', '/api/v1/dead-letters/replay', { filter: { stage: 'store' }, dry_run: true }),
  ),
  door(
    'POST discard of many',
    'admin',
    [202],
    http('post', '/api/v1/dead-letters/discard', { filter: { stage: 'store' } }),
  ),
  door('DELETE user', 'admin', [202], http('delete', '/api/v1/users/nobody')),
  door('DELETE any user', 'admin', [202], http('delete', '/api/v1/users?user_id=nobody')),
  door('GET erasure', 'admin', [404], http('get', `/api/v1/erasures/${UNKNOWN_ID}`)),
  ofDefault(door('GET projects', 'admin', [200], http('get', '/api/v1/projects'))),
  ofDefault(door('POST projects', 'admin', [201], newProject)),
  ofDefault(door('PATCH project', 'admin', [404], http('patch', '/api/v1/projects/9', { retention_days: 9 }))),
  door('GET healthz', 'none', [200], http('get', '/healthz')),
  door('GET readyz', 'none', [200], http('get', '/readyz')),
  door('GET metrics', 'none', [200], http('get', '/metrics')),
];

/** Calls that name something of another project: for everybody it is not there. */
const foreign: readonly Door[] = [
  door(
    'DELETE key',
    'admin',
    [404],
    http('delete', () => `/api/v1/keys/${foreignKeyId}`),
  ),
  door(
    'POST rotate',
    'admin',
    [404],
    http('post', () => `/api/v1/keys/${foreignKeyId}/rotate`),
  ),
  door(
    'GET dead letter',
    'admin',
    [404],
    http('get', () => `/api/v1/dead-letters/${foreignLetterId}`),
  ),
  door(
    'POST replay',
    'admin',
    [404],
    http('post', () => `/api/v1/dead-letters/${foreignLetterId}/replay`),
  ),
  door(
    'DELETE dead letter',
    'admin',
    [404],
    http('delete', () => `/api/v1/dead-letters/${foreignLetterId}`),
  ),
  door(
    'GET erasure',
    'admin',
    [404],
    http('get', () => `/api/v1/erasures/${foreignErasureId}`),
  ),
];

/** @returns the id of a dead letter of the project. */
async function addLetter(projectId: number): Promise<string> {
  const letter: NewDeadLetter = {
    projectId,
    value: Buffer.from('{}'),
    key: null,
    headers: {},
    stage: 'decode',
    reason: 'MALFORMED_EVENT',
    detail: 'event_id is missing',
    eventId: undefined,
    ingestId: undefined,
    loggedAt: 0,
  };
  const outcomes = [{ partition: 0, offset: 0, kind: 'dead-letter' as const, letter }];
  await new EventStore(test.db.database).insert({ group: 'g', topic: 't', outcomes, logEnds: new Map() });
  const [added] = await new DeadLetters(test.db.database).list(1);
  return added!.id;
}

beforeAll(async () => {
  test = await runningApi();
  await test.db.database.query(`INSERT INTO projects (name) VALUES ('second'), ('third')`);
  keys = await AccessKeys.of(test);
  foreignKeyId = keys.idOf('third admin');
  foreignLetterId = await addLetter(3);
  foreignErasureId = await new Erasures(test.db.database).request(3, 'somebody');
});

afterAll(() => test.stop());

function opens(scope: Scope, { needs }: Door): boolean {
  return needs === 'none' || scope === needs || scope === 'admin';
}

describe.each(doors.map((row) => [row.name, row] as const))('%s', (_name, row) => {
  it.each(nobody)('is closed to the key: %s', async (name) => {
    const answer = await row.knock(keys.get(name));
    if (row.needs === 'none') expect(row.entered).toContain(answer.status);
    else {
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    }
  });

  it.each(SCOPES)('opens to %s only when it needs that, in whichever project', async (scope) => {
    for (const project of ['default', 'second']) {
      const may = opens(scope, row) && (row.allProjects !== true || project === 'default');
      const answer = await row.knock(keys.get(`${project} ${scope}`));
      expect([project, may ? row.entered.includes(answer.status) : answer.status]).toEqual([project, may ? true : 403]);
    }
  });
});

describe.each(['Publish', 'PublishBatch', 'PublishStream'] as const)('gRPC %s', (method) => {
  async function call(key: string | undefined): Promise<string> {
    const client = new GrpcClient(test.api.grpc, key);
    try {
      if (method === 'Publish') return (await client.publish({ event: { name: 'n' } })).code;
      if (method === 'PublishBatch') return (await client.publishBatch({ events: [{ name: 'n' }] })).code;
      const stream = client.stream();
      const { ended } = new StreamWatch(stream);
      stream.end({ events: [{ name: 'n' }] });
      return (await ended).code;
    } finally {
      client.close();
    }
  }

  it.each(nobody)('is closed to the key: %s', async (name) => {
    expect(await call(keys.get(name))).toBe('UNAUTHENTICATED');
  });

  it.each([
    ['ingest', 'OK'],
    ['read', 'PERMISSION_DENIED'],
    ['admin', 'OK'],
  ])('tells %s in whichever project: %s', async (scope, code) => {
    expect(await call(keys.get(`default ${scope}`))).toBe(code);
    expect(await call(keys.get(`second ${scope}`))).toBe(code);
  });
});

describe('GraphQL subscription', () => {
  it.each(nobody)('is closed to the key: %s', async (name) => {
    expect(await closeCodeOf(keys.get(name))).toBe(4403);
  });

  it.each([
    ['ingest', 4403],
    ['read', undefined],
    ['admin', undefined],
  ])('tells %s in whichever project: %s', async (scope, code) => {
    expect(await closeCodeOf(keys.get(`default ${scope}`))).toBe(code);
    expect(await closeCodeOf(keys.get(`second ${scope}`))).toBe(code);
  });

  /** Undefined when it is taken. */
  async function closeCodeOf(key: string | undefined): Promise<number | undefined> {
    const socket = RawSocket.open(test.api.url);
    await socket.init(key === undefined ? {} : { apiKey: key });
    const first = await socket.firstWord();
    socket.close();
    return first === 'connection_ack' ? undefined : socket.closed?.code;
  }
});

describe.each(foreign.map((row) => [row.name, row] as const))('%s of another project', (_name, row) => {
  it('is 404 with the right scope, and 403 before that tells anything', async () => {
    for (const scope of SCOPES) {
      const answer = await row.knock(keys.get(`second ${scope}`));
      expect([scope, answer.status]).toEqual([scope, opens(scope, row) ? 404 : 403]);
    }
  });
});

it('a dead letter of another project is there for its own', async () => {
  const answer = await http('get', `/api/v1/dead-letters/${foreignLetterId}`)(keys.get('third admin'));
  expect(answer.status).toBe(200);
});
