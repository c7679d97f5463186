import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from './settings';

const root = join(__dirname, '../../..');
const app = readFileSync(join(root, 'docker-compose.app.yml'), 'utf8');
const infra = readFileSync(join(root, 'docker-compose.infra.yml'), 'utf8');
const page = readFileSync(join(root, 'docs/containers.md'), 'utf8');

const known = new Set(Object.values(settings).map((setting) => setting.name));

/** Of the compose files alone: `docs/containers.md` says what each of them does. */
const ofCompose = [
  ...['POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_DB', 'POSTGRES_HOST_PORT'],
  ...['KAFKA_HOST_PORT', 'KAFKA_1_HOST_PORT', 'KAFKA_2_HOST_PORT', 'KAFKA_3_HOST_PORT', 'KAFKA_HEAP_OPTS'],
  ...['KAFKA_SINGLE_BROKER', 'KAFKA_CLUSTER_ID', 'KAFKA_THREE_CLUSTER_ID'],
  ...['REDIS_HOST_PORT', 'ADMINER_HOST_PORT'],
  ...['PROMETHEUS_HOST_PORT', 'PROMETHEUS_TAG', 'PROMETHEUS_RETENTION'],
  ...['API_HOST_ADDRESS', 'API_HOST_PORT', 'GRPC_HOST_PORT', 'PROXY_HOST_PORT', 'API_REPLICAS', 'CONSUMER_REPLICAS'],
  ...['STOP_GRACE_PERIOD', 'DATA_DIR'],
  ...['LOAD_RATE', 'LOAD_BATCH', 'LOAD_RAMP_SECONDS', 'LOAD_SECONDS', 'LOAD_P99_MS'],
];

/** Fixed by image or compose file: ports, a path in a volume, the folder of `npm start`, the API as containers see it. */
const fixedInContainers = [
  'PORT',
  'GRPC_PORT',
  'HEALTH_PORT',
  'MILLRACE_BOOTSTRAP_KEY_FILE',
  'MILLRACE_DATA_DIR',
  'MILLRACE_COLD_DIR',
  'MILLRACE_URL',
];

/** Names of variables that a container gets: `NAME: value`. */
function given(text: string): string[] {
  return [...text.matchAll(/^\s+([A-Z][A-Z0-9_]+): /gm)].map(([, name]) => name ?? '');
}

/** Names that a user can set: `${NAME}`, not the `$${NAME}` of a shell in a container. */
function asked(text: string): string[] {
  return [...text.matchAll(/(?<!\$)\$\{([A-Z][A-Z0-9_]*)/g)].map(([, name]) => name ?? '');
}

/** The text of one service or anchor, up to the next line with the same indentation or less. */
function section(text: string, head: string): string {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.trimStart().startsWith(head));
  const indent = (lines[start] ?? '').search(/\S/);
  const length = lines.slice(start + 1).findIndex((line) => /^\s*[^\s#]/.test(line) && line.search(/\S/) <= indent);
  return lines.slice(start, length === -1 ? undefined : start + 1 + length).join('\n');
}

describe('docker-compose.app.yml', () => {
  const ours = ['x-environment:', 'migrate:', 'api:', 'consumer:', 'archiver:', 'cli:']
    .map((head) => section(app, head))
    .join('\n');

  it('hands the apps no variable that the configuration does not know', () => {
    expect(given(ours).length).toBeGreaterThan(20);
    expect(given(ours).filter((name) => !known.has(name))).toEqual([]);
  });

  it('passes on every variable of the configuration that is not fixed inside a container', () => {
    const passed = new Set(asked(ours));
    const missing = [...known].filter((name) => !passed.has(name) && !fixedInContainers.includes(name));
    expect(missing).toEqual([]);
  });

  it('does not let an address of the host, from .env, into a container', () => {
    expect(asked(app)).not.toContain('MILLRACE_URL');
  });

  it('passes on each variable under its own name', () => {
    const renamed = [...ours.matchAll(/^\s+([A-Z][A-Z0-9_]+): '?\$\{([A-Z0-9_]+)/gm)].filter(([, a, b]) => a !== b);
    expect(renamed).toEqual([]);
  });
});

describe.each([
  ['docker-compose.app.yml', app],
  ['docker-compose.infra.yml', infra],
])('%s', (_file, text) => {
  it('asks the user for no variable that neither the configuration nor docs/containers.md knows', () => {
    const unknown = asked(text).filter((name) => !known.has(name) && !ofCompose.includes(name));
    expect(unknown).toEqual([]);
  });

  it('holds no password', () => {
    expect(text).not.toMatch(/(PASSWORD|PEPPER|_KEY):-[^}$]/);
    expect(text).not.toMatch(/^\s+\w*(PASSWORD|PEPPER|_KEY): (?!\$\{)/m);
  });

  it('shows no port beyond this machine unless told', () => {
    const ports = [...text.matchAll(/ports: \[(.*)\]/g)].map(([, list]) => list ?? '');
    expect(ports.length).toBeGreaterThan(1);
    const each = ports.flatMap((list) => list.split(', '));
    expect(each.filter((port) => !/^'(127\.0\.0\.1|\$\{API_HOST_ADDRESS:-127\.0\.0\.1\}):/.test(port))).toEqual([]);
  });
});

describe('docs/containers.md', () => {
  it.each(ofCompose)('explains %s, which the compose files read', (name) => {
    expect(page).toContain(`\`${name}\``);
    expect([...asked(app), ...asked(infra)]).toContain(name);
  });
});
