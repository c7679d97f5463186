/** The service as it runs in production, on this machine: a Kafka broker, PostgreSQL, the API, consumers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parentOf } from './process-meter.mjs';

const require = createRequire(import.meta.url);
/** For every process of the service: BENCH_NODE_FLAGS='--cpu-prof --cpu-prof-dir=profiles' shows where the time goes. */
const NODE_FLAGS = (process.env.BENCH_NODE_FLAGS ?? '').split(' ').filter((flag) => flag !== '');

const ROOT = join(import.meta.dirname, '../..');

function databaseAt(url) {
  const { Database } = require('../../dist/libs/persistence/src/index.js');
  return new Database({ url, poolSize: 4, queryTimeoutMs: 60_000 });
}

/** The server process is the parent of every session's. */
async function postmasterPid(url) {
  const database = databaseAt(url);
  const [row] = await database.query('SELECT pg_backend_pid() AS pid');
  const pid = parentOf(row.pid);
  await database.close();
  return pid;
}

/** Broker and database server, kept for all workloads. */
export class Servers {
  static async start() {
    const { startKafkaBroker } = require('../../libs/testing/src/kafka/broker-process.cjs');
    const { PostgresServer } = require('../../dist/libs/embedded/src/index.js');
    const servers = new Servers();
    servers.folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
    chmodSync(servers.folder, 0o755);
    const dataDir = join(servers.folder, 'postgresql');
    [servers.broker, servers.postgres] = await Promise.all([startKafkaBroker(), PostgresServer.start({ dataDir })]);
    servers.postmasterPid = await postmasterPid(servers.postgres.url);
    return servers;
  }

  async stop() {
    await Promise.all([this.broker?.stop(), this.postgres?.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One run of the service, on a database and a topic of its own. */
export class Service {
  #apps = [];
  /** A text that no process may print, and which of them have. */
  secret = undefined;
  leaks = [];

  /** @param {Servers} servers @param {string} name unique; names database, topic and group */
  static async create(servers, name) {
    const service = new Service();
    const admin = databaseAt(servers.postgres.url);
    await admin.query(`CREATE DATABASE ${name}`);
    await admin.close();
    const url = servers.postgres.url.replace(/\/millrace$/, `/${name}`);
    service.database = databaseAt(url);
    const keyFile = join(servers.folder, `${name}.key`);
    service.environment = {
      PATH: process.env.PATH,
      DATABASE_URL: url,
      KAFKA_BROKERS: servers.broker.brokers,
      KAFKA_TOPIC: name,
      KAFKA_GROUP: name,
      MILLRACE_COLD_DIR: join(servers.folder, `${name}.cold`),
      HEALTH_PORT: '0',
      PORT: '0',
      GRPC_PORT: '0',
      LOG_LEVEL: 'info',
      MILLRACE_DRAIN_DELAY_MS: '0',
      RATE_LIMIT_EVENTS_PER_SECOND: '1000000000',
      RATE_LIMIT_BURST: '1000000000',
      ...JSON.parse(process.env.BENCH_ENVIRONMENT ?? '{}'), // settings to compare
    };
    await service.#run('cli', ['migrate'], { MILLRACE_BOOTSTRAP_KEY_FILE: keyFile });
    service.key = readFileSync(keyFile, 'utf8').trim();
    return service;
  }

  /** Resolves with the address once it listens. */
  async startApi() {
    const api = this.#start('api');
    this.apiPid = api.child.pid;
    const { port, grpc_port: grpcPort } = await api.line('The API listens.');
    this.grpcAddress = `127.0.0.1:${grpcPort}`;
    return `http://127.0.0.1:${port}`;
  }

  /** Resolves once all have joined their group. */
  async startConsumers(count) {
    const consumers = Array.from({ length: count }, () => this.#start('consumer'));
    this.consumerPids = consumers.map(({ child }) => child.pid);
    await Promise.all(consumers.map((consumer) => consumer.line('Joined the consumer group.')));
  }

  /** Starts an archiver, which begins at once. @returns what resolves when it has moved all that there is. */
  startArchiver(settings = {}) {
    const archiver = this.#start('archiver', settings);
    this.archiverPid = archiver.child.pid;
    return archiver.line('Old events are archived.');
  }

  /** Rows that the consumers say they have stored. */
  async stored() {
    const [row] = await this.database.query('SELECT coalesce(sum(stored), 0)::int8 AS stored FROM consumer_positions');
    return Number(row.stored);
  }

  /** Rows and distinct ids of what was posted that are really there. */
  async counted() {
    const [row] = await this.database.query(
      `SELECT count(*) AS rows, count(DISTINCT event_id) AS ids FROM events WHERE received_at >= now() - interval '1 day'`,
    );
    return { rows: Number(row.rows), ids: Number(row.ids) };
  }

  async stop() {
    await Promise.all(
      this.#apps.map(({ child }) => {
        child.kill('SIGTERM');
        return child.exitCode === null ? once(child, 'exit') : undefined;
      }),
    );
    await this.database.close();
  }

  #start(app, settings = {}) {
    const script = join(ROOT, `dist/apps/${app}/src/main.js`);
    const child = spawn(process.execPath, [...NODE_FLAGS, script], {
      env: { ...this.environment, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr.on('data', (text) => process.stderr.write(text));
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on('line', (text) => {
        if (this.secret !== undefined && text.includes(this.secret)) this.leaks.push(`what ${app} prints`);
      });
    }
    process.once('exit', () => child.kill('SIGKILL')); // a run that fails leaves nothing behind
    const lines = createInterface({ input: child.stdout });
    const line = (msg) =>
      new Promise((resolve, reject) => {
        child.once('exit', (code) => reject(new Error(`${app} ended with ${code}`)));
        lines.on('line', (text) => {
          const parsed = JSON.parse(text);
          if (parsed.msg === msg) resolve(parsed);
          else if (parsed.level !== 'info') process.stderr.write(`${app}: ${text}\n`);
        });
      });
    const running = { child, line };
    this.#apps.push(running);
    return running;
  }

  async #run(app, args, environment) {
    const script = join(ROOT, `dist/apps/${app}/src/main.js`);
    const env = { ...this.environment, ...environment };
    const child = spawn(process.execPath, [script, ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`millrace ${args.join(' ')} ended with ${code}`);
  }
}
