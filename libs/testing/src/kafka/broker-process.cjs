'use strict';
const { spawn } = require('node:child_process');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { javaCommand, kafkaClassPath, missingForKafka } = require('./kafka-jars.cjs');

// Plain CommonJS, types in broker-process.d.cts: scripts/kafka.mjs uses it before anything is built, the tests use it too.

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;
const READY_LINE = 'Kafka Server started';

/** Measured on two cores: started in 2.5 s with the first compiler only against 3.2 s, half the CPU, 350 MB resident. */
const JVM_FLAGS = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData'];

/** @type {typeof import('./broker-process.cjs').kafkaAvailability} */
function kafkaAvailability() {
  if (process.env.KAFKA_BROKERS) return { available: true, how: 'given' };
  const reason = missingForKafka();
  return reason === undefined ? { available: true, how: 'local' } : { available: false, reason };
}

/** @type {typeof import('./broker-process.cjs').startKafkaBroker} */
async function startKafkaBroker(options = {}) {
  const missing = missingForKafka();
  if (missing !== undefined) throw new Error(missing);
  if (options.port !== undefined && !(await isFree(options.port))) throw new Error(`Port ${options.port} is taken.`);
  const classPath = await kafkaClassPath(options.onProgress ?? (() => undefined));
  const broker = new BrokerProcess(await prepare(options), classPath);
  try {
    await broker.format();
    await broker.start();
  } catch (error) {
    await broker.stop();
    throw error;
  }
  return broker;
}

/**
 * Writes server.properties. A folder that was used before keeps its controller port: the quorum remembers it.
 * @param {import('./broker-process.cjs').KafkaBrokerOptions} options
 */
async function prepare({ dataDir, port, proxied }) {
  const dir = dataDir ?? fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-kafka-'));
  fs.mkdirSync(dir, { recursive: true });
  const settingsFile = path.join(dir, 'server.properties');
  const before = fs.existsSync(settingsFile) ? fs.readFileSync(settingsFile, 'utf8') : '';
  const remembered = /CONTROLLER:\/\/127\.0\.0\.1:(\d+)/.exec(before);
  const [freePort, freeController, proxiedPort] = await freePorts(3);
  const place = {
    dir,
    temporary: dataDir === undefined,
    settingsFile,
    port: port ?? freePort,
    controllerPort: remembered ? Number(remembered[1]) : freeController,
    proxied: proxied && { ...proxied, port: proxiedPort },
  };
  fs.writeFileSync(settingsFile, serverProperties(place));
  return place;
}

/** @param {Awaited<ReturnType<typeof prepare>>} place */
function serverProperties({ dir, port, controllerPort, proxied }) {
  const own = `PLAINTEXT://127.0.0.1:${port}`;
  const listeners = [own, `CONTROLLER://127.0.0.1:${controllerPort}`];
  const advertised = [own];
  if (proxied) {
    listeners.push(`PROXIED://127.0.0.1:${proxied.port}`);
    advertised.push(`PROXIED://127.0.0.1:${proxied.advertisedPort}`);
  }
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `listeners=${listeners.join(',')}`,
    `advertised.listeners=${advertised.join(',')}`,
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=PLAINTEXT',
    `controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}`,
    `log.dirs=${path.resolve(dir, 'data')}`,
    // One broker: its own topics can't have the three replicas of the defaults.
    'offsets.topic.replication.factor=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'share.coordinator.state.topic.replication.factor=1',
    'share.coordinator.state.topic.min.isr=1',
    'offsets.topic.num.partitions=5',
    // After a SIGKILL the next start waits for the session of the one that died: 12 s with the default of 9 s.
    'broker.session.timeout.ms=3000',
    'broker.heartbeat.interval.ms=500',
    'group.initial.rebalance.delay.ms=0',
    // Millrace makes its topic with settings of its own; one that appears by itself would have none of them.
    'auto.create.topics.enable=false',
    '',
  ].join('\n');
}

/** One broker that is its own controller. States: running (child is set) and not running. */
class BrokerProcess {
  /**
   * @param {Awaited<ReturnType<typeof prepare>>} place
   * @param {string} classPath
   */
  constructor(place, classPath) {
    this.place = place;
    this.classPath = classPath;
    this.brokers = `127.0.0.1:${place.port}`;
    this.proxiedPort = place.proxied?.port;
    this.dataDir = place.dir;
    this.logFile = path.join(place.dir, 'broker.log');
    this.killWithUs = () => this.child?.kill('SIGKILL');
  }

  get pid() {
    return this.child?.pid;
  }

  async format() {
    if (fs.existsSync(path.join(this.place.dir, 'data/meta.properties'))) return;
    const id = randomBytes(16);
    id[0] &= 0x7f; // begins with a letter: one that begins with - is taken for an option
    const clusterId = id.toString('base64url');
    const child = this.#java([
      'kafka.tools.StorageTool',
      'format',
      '--standalone',
      '-t',
      clusterId,
      '-c',
      this.place.settingsFile,
    ]);
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`Kafka could not prepare ${this.place.dir}:\n${this.#lastLines()}`);
  }

  async start() {
    if (this.child) return;
    const logStart = fs.existsSync(this.logFile) ? fs.statSync(this.logFile).size : 0;
    const child = this.#java(['kafka.Kafka', this.place.settingsFile]);
    this.child = child;
    this.exited = once(child, 'exit').then(() => {
      this.child = undefined;
      process.off('exit', this.killWithUs);
    });
    // A parent that ends without stop() would leave the broker behind.
    process.on('exit', this.killWithUs);
    const deadline = Date.now() + START_LIMIT_MS;
    while (!fs.readFileSync(this.logFile).subarray(logStart).includes(READY_LINE)) {
      if (!this.child) throw new Error(`Kafka ended while it started:\n${this.#lastLines()}`);
      if (Date.now() > deadline) {
        await this.kill();
        throw new Error(`Kafka did not start within ${START_LIMIT_MS / 1000} s:\n${this.#lastLines()}`);
      }
      await delay(25);
    }
  }

  async stop() {
    await this.#shutDown();
    if (this.place.temporary) fs.rmSync(this.place.dir, { recursive: true, force: true });
  }

  async restart() {
    await this.#shutDown();
    await this.start();
  }

  async kill() {
    this.child?.kill('SIGKILL');
    await this.exited;
  }

  async ended() {
    await this.exited;
  }

  pause() {
    this.child?.kill('SIGSTOP');
  }

  resume() {
    this.child?.kill('SIGCONT');
  }

  async #shutDown() {
    this.resume(); // a stopped process would not hear the SIGTERM
    this.child?.kill('SIGTERM');
    const limit = setTimeout(this.killWithUs, STOP_LIMIT_MS);
    await this.exited;
    clearTimeout(limit);
  }

  /** @param {string[]} args */
  #java(args) {
    const log = fs.openSync(this.logFile, 'a');
    const logging = `-Dlog4j2.configurationFile=${path.join(__dirname, 'log4j2.properties')}`;
    const child = spawn(javaCommand(), [...JVM_FLAGS, logging, '-cp', this.classPath, ...args], {
      stdio: ['ignore', log, log],
    });
    fs.closeSync(log);
    return child;
  }

  #lastLines() {
    return fs.readFileSync(this.logFile, 'utf8').trim().split('\n').slice(-15).join('\n');
  }
}

/** @param {number} port */
function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/**
 * All at once, so that they differ.
 * @param {number} count
 */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => net.createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => /** @type {net.AddressInfo} */ (server.address()).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

module.exports = { kafkaAvailability, startKafkaBroker };
