// node scripts/rehearse-compose.mjs: does with both compose files what docs/containers.md promises of them, and says what
// it saw. Needs a Docker engine with Compose, and the images. A project and ports of its own: nothing else is touched.
import './node-version.mjs';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { projectRoot } from './prepare.mjs';
import {
  countEvents,
  countOldRows,
  eventually,
  expectThat,
  groupOf,
  scraped,
  storedOf,
  unaccounted,
} from './rehearsal/checks.mjs';
import { Compose, freePort, lines } from './rehearsal/compose.mjs';
import { PersistentClient } from './rehearsal/persistent-client.mjs';

const FIXTURE = 'apps/cli/test/fixtures/commits.csv.br';
const EVENTS_IN_FIXTURE = 21_160;
const THREE_BROKERS = {
  COMPOSE_PROFILES: 'three-brokers,proxy',
  KAFKA_SINGLE_BROKER: '0',
  KAFKA_BROKERS: 'kafka-1:9092,kafka-2:9092,kafka-3:9092',
};

const dataDir = mkdtempSync(path.join(tmpdir(), 'millrace-rehearsal-'));
chmodSync(dataDir, 0o755); // the user in the container is another one
const compose = new Compose(await environment());
const proxyUrl = `http://127.0.0.1:${compose.environment.PROXY_HOST_PORT}`;

try {
  await startFromNothing();
  await importRealData();
  await archiveOldEvents();
  await scaleConsumers();
  await loadWithK6();
  await restartTheOnlyApi();
  await restartUnderLoad();
  await surviveDatabaseOutage();
  await putBackAnOlderDatabase();
  await keepDataOverDownAndUp();
  await runOnThreeBrokers();
  console.log('Everything was as promised.');
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  compose.set({ COMPOSE_PROFILES: 'three-brokers,proxy' });
  await step('down -v', () => compose.run(['down', '-v', '--remove-orphans']));
  rmSync(dataDir, { recursive: true, force: true });
}

async function environment() {
  const names = [
    'POSTGRES',
    'KAFKA',
    'KAFKA_1',
    'KAFKA_2',
    'KAFKA_3',
    'REDIS',
    'ADMINER',
    'PROMETHEUS',
    'API',
    'PROXY',
  ];
  const ports = {};
  for (const name of names) ports[`${name}_HOST_PORT`] = String(await freePort());
  return {
    ...ports,
    COMPOSE_PROJECT_NAME: 'millrace-rehearsal',
    COMPOSE_FILE: ['docker-compose.infra.yml', 'docker-compose.app.yml'].join(path.delimiter),
    POSTGRES_PASSWORD: 'rehearsal',
    RATE_LIMIT_EVENTS_PER_SECOND: '1000000',
    RATE_LIMIT_BURST: '1000000',
    DATA_DIR: dataDir,
  };
}

async function step(what, act) {
  const started = performance.now();
  console.log(`--- ${what}`);
  const result = await act();
  console.log(`    ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return result;
}

async function startFromNothing() {
  await step('build', () => compose.run(['build']));
  await step('up', () => compose.run(['up', '-d', '--wait']));
  await expectShares([4, 4, 4], 'kafka');
}

async function expectShares(wanted, broker) {
  const isSo = ({ shares }) => String(shares) === String(wanted);
  const group = await eventually(() => groupOf(compose, broker), isSo);
  expectThat(isSo(group), `partitions of each consumer: ${group.shares.join(', ')}`);
}

async function importRealData() {
  writeFileSync(path.join(dataDir, 'commits.csv'), brotliDecompressSync(readFileSync(path.join(projectRoot, FIXTURE))));
  const runImport = () => compose.run(['run', '--rm', '-T', 'cli', 'import', '/data/commits.csv']);
  for (const again of ['', ' again']) {
    const said = await step(`import${again}`, runImport);
    const end = lines(said).at(-1) ?? 'nothing';
    expectThat(/^import_complete .* skipped=0 /.test(end), `the import${again} said: ${end}`);
    const count = await eventually(
      () => countEvents(compose),
      (events) => events === EVENTS_IN_FIXTURE,
    );
    expectThat(count === EVENTS_IN_FIXTURE, `${count} events stored after the import${again}`);
  }
}

/** What the archiver would do within five minutes. */
async function archiveOldEvents() {
  const archive = ['run', '--rm', '-T', 'migrate', 'archive', '--once'];
  await step('archive', async () => {
    // The archiver may be at it already.
    await compose.run(archive).catch(() => undefined);
    const left = await eventually(
      () => countOldRows(compose),
      (rows) => rows === 0,
    );
    expectThat(left === 0, `${left} old events are not in files`);
  });
  const url = `http://127.0.0.1:${compose.environment.API_HOST_PORT}/api/v1/events.ndjson`;
  const answer = await fetch(url, { headers: { 'X-API-Key': await readKey() } });
  const read = lines(await answer.text()).length;
  expectThat(read === EVENTS_IN_FIXTURE, `the API reads ${read} of them`);
}

async function scaleConsumers() {
  await step('up --scale consumer=5', () => compose.run(['up', '-d', '--wait', '--scale', 'consumer=5']));
  await expectShares([2, 2, 2, 3, 3], 'kafka');
  const port = compose.environment.PROMETHEUS_HOST_PORT;
  const isSo = ({ api, consumer }) => api === 1 && consumer === 5;
  const seen = await eventually(() => scraped(port).catch(() => ({})), isSo);
  expectThat(isSo(seen), `Prometheus reads ${seen.api} api, ${seen.consumer} consumers`);
  const test = ['promtool', 'test', 'rules', '/etc/prometheus/alerts.test.yml'];
  await step('tests of the alert rules', () => compose.run(['exec', '-T', 'prometheus', ...test]));
}

async function loadWithK6() {
  const load = ['-e', 'LOAD_RATE=20', '-e', 'LOAD_SECONDS=10', '-e', 'LOAD_RAMP_SECONDS=3', '-e', 'LOAD_P99_MS=5000'];
  for (const script of ['single', 'batch']) {
    const run = ['run', '--rm', '-T', ...load, 'k6', 'run', `/scripts/${script}.js`];
    const said = await step(`k6 ${script}`, () => compose.run(run));
    for (const line of lines(said).filter((text) => /http_req_duration\.|events_accepted|checks_succ/.test(text))) {
      console.log(`  ${line}`);
    }
    expectThat(true, `k6 ${script} kept its thresholds`);
  }
}

async function restartTheOnlyApi() {
  const client = new PersistentClient({
    url: `http://127.0.0.1:${compose.environment.API_HOST_PORT}`,
    key: await readKey(),
  });
  await step('restart of the only API under load', () => compose.command('docker/rolling-restart.sh', ['api']));
  await client.stop();
  await expectAllStored(client);
}

async function restartUnderLoad() {
  compose.set({
    COMPOSE_PROFILES: 'proxy',
    API_REPLICAS: '2',
    API_HOST_PORT: '0',
    GRPC_HOST_PORT: '0',
    CONSUMER_REPLICAS: '3',
  });
  await step('two replicas of the API behind the proxy', () => compose.run(['up', '-d', '--wait']));
  const [first] = await compose.replicas('consumer');
  await step('one consumer stopped, as by an interrupted restart', () => compose.command('docker', ['stop', first]));
  const client = new PersistentClient({ url: proxyUrl, key: await readKey() });
  const alter = ['--bootstrap-server', 'kafka:9092', '--alter', '--topic', 'events.v1', '--partitions', '24'];
  await step('24 partitions and a rolling restart of consumers and API under load', async () => {
    await compose.run(['exec', '-T', 'kafka', '/opt/kafka/bin/kafka-topics.sh', ...alter]);
    await compose.command('docker/rolling-restart.sh', ['consumer', 'api']);
  });
  await client.stop();
  await expectAllStored(client);
  await expectShares([8, 8, 8], 'kafka');
  const { lag } = await eventually(
    () => groupOf(compose, 'kafka'),
    (group) => group.lag === 0,
  );
  expectThat(lag === 0, `lag ${lag}`);
}

async function readKey() {
  return (await compose.run(['run', '--rm', '-T', '--entrypoint', 'cat', 'cli', '/keys/api-key'])).trim();
}

/** Everything that the client sent was acknowledged in the end, so all of it must be there. */
async function expectAllStored({ ids, repeated }) {
  const isSo = ({ stored, rows }) => stored === ids.length && rows === ids.length;
  const found = await eventually(() => storedOf(compose, ids), isSo);
  console.log(`    requests that were sent again: ${JSON.stringify(repeated)}`);
  expectThat(isSo(found), `${ids.length} events acknowledged, ${found.stored} stored in ${found.rows} rows`);
}

async function surviveDatabaseOutage() {
  const client = new PersistentClient({ url: proxyUrl, key: await readKey() });
  await step('PostgreSQL stopped under load', async () => {
    await compose.run(['stop', 'postgres']);
    const before = client.ids.length;
    await eventually(
      () => client.ids.length,
      (sent) => sent > before + 200,
    );
    expectThat(client.ids.length > before + 200, 'the API took events while PostgreSQL was away');
    await compose.run(['up', '-d', '--wait', '--no-recreate', 'postgres']);
  });
  await client.stop();
  await expectAllStored(client);
}

/** The copy of a database stands for pg_dump and pg_restore: what follows is the same. */
async function putBackAnOlderDatabase() {
  const apps = ['api', 'consumer', 'archiver'];
  await step('a copy of the database', async () => {
    await compose.run(['stop', ...apps]);
    await compose.sql('CREATE DATABASE older TEMPLATE millrace', 'postgres');
    await compose.run(['up', '-d', '--wait', '--no-recreate']);
  });
  const client = new PersistentClient({ url: proxyUrl, key: await readKey() });
  const sent = await eventually(
    () => client.ids.length,
    (count) => count > 1000,
  );
  expectThat(sent > 1000, `${sent} events sent after the copy was made`);
  await client.stop();
  await expectAllStored(client);
  const reset = [
    '--group',
    'millrace-consumer',
    '--topic',
    'events.v1',
    '--reset-offsets',
    '--to-earliest',
    '--execute',
  ];
  await step('the copy put back, offsets reset', async () => {
    await compose.run(['stop', ...apps]);
    await compose.sql('DROP DATABASE millrace WITH (FORCE); ALTER DATABASE older RENAME TO millrace', 'postgres');
    expectThat((await storedOf(compose, client.ids)).rows === 0, 'these events are not in the copy');
    const tool = '/opt/kafka/bin/kafka-consumer-groups.sh';
    await compose.run(['exec', '-T', 'kafka', tool, '--bootstrap-server', 'kafka:9092', ...reset]);
    await compose.run(['up', '-d', '--wait', '--no-recreate']);
  });
  await expectAllStored(client);
  const gaps = await unaccounted(compose);
  expectThat(gaps === 0, `unaccounted events: ${gaps}`);
}

async function keepDataOverDownAndUp() {
  const before = await countEvents(compose);
  await step('down', () => compose.run(['down']));
  await step('infra up, then app up', async () => {
    for (const file of ['docker-compose.infra.yml', 'docker-compose.app.yml']) {
      await compose.run(['-f', file, 'up', '-d', '--wait']);
    }
  });
  const after = await countEvents(compose);
  expectThat(after === before, `${before} events before, ${after} after`);
}

async function runOnThreeBrokers() {
  await step('down', () => compose.run(['down']));
  compose.set(THREE_BROKERS);
  await step('three brokers: up', () => compose.run(['up', '-d', '--wait']));
  const args = ['--bootstrap-server', 'kafka-1:9092', '--describe', '--topic', 'events.v1'];
  const topic = await compose.run(['exec', '-T', 'kafka-1', '/opt/kafka/bin/kafka-topics.sh', ...args]);
  const [facts] = lines(topic);
  console.log(`    ${facts}`);
  expectThat(
    /ReplicationFactor: 3\b/.test(facts) && /min\.insync\.replicas=2/.test(facts),
    'three replicas, two in sync',
  );
  await expectShares([4, 4, 4], 'kafka-1');
  const client = new PersistentClient({ url: proxyUrl, key: await readKey() });
  await step('one of three brokers killed under load', async () => {
    await compose.run(['kill', '-s', 'SIGKILL', 'kafka-3']);
    const before = client.ids.length;
    await eventually(
      () => client.ids.length,
      (sent) => sent > before + 500,
    );
  });
  await client.stop();
  await expectAllStored(client);
}
