'use strict';
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const KAFKA_VERSION = '4.1.1';
const OLDEST_JAVA = 17;
const projectRoot = path.resolve(__dirname, '../../../..');
const cacheDir = path.join(projectRoot, 'node_modules/.cache/millrace', `kafka-${KAFKA_VERSION}`);

/** @returns {string} the java command: that of JAVA_HOME, else the one of the PATH. */
function javaCommand() {
  const home = process.env.JAVA_HOME;
  return home ? path.join(home, 'bin/java') : 'java';
}

/** @returns {number | undefined} major version of Java, undefined without Java. */
function javaVersion() {
  const { stderr, error } = spawnSync(javaCommand(), ['-version'], { encoding: 'utf8' });
  const found = error ? null : /version "(\d+)/.exec(stderr);
  return found ? Number(found[1]) : undefined;
}

/** @returns {string | undefined} a sentence saying what a local broker lacks on this machine; undefined: nothing. */
function missingForKafka() {
  const java = javaVersion();
  if (java === undefined)
    return `Kafka needs Java ${OLDEST_JAVA} or newer; there is no java on the PATH or in JAVA_HOME.`;
  if (java < OLDEST_JAVA) return `Kafka needs Java ${OLDEST_JAVA} or newer; this machine has Java ${java}.`;
  if (fs.existsSync(cacheDir)) return undefined;
  const maven = spawnSync('mvn', ['--version'], { stdio: 'ignore' });
  if (maven.error) return 'Maven fetches Kafka once, and there is no mvn on the PATH.';
  return undefined;
}

/**
 * Resolves with the class path of the broker; the first call on a machine fetches 43 MB.
 * @param {(line: string) => void} onProgress told when something is fetched.
 * @returns {Promise<string>}
 */
async function kafkaClassPath(onProgress) {
  if (!fs.existsSync(cacheDir)) {
    onProgress(`Fetching Kafka ${KAFKA_VERSION} with Maven (43 MB, once) …`);
    await fetchJars();
  }
  return path.join(cacheDir, '*');
}

async function fetchJars() {
  const parent = path.dirname(cacheDir);
  fs.mkdirSync(parent, { recursive: true });
  // Beside the place where it ends up, so that the rename is one step: a fetch that was cut off leaves nothing behind
  // that looks complete, and two at once don't mix.
  const temporary = fs.mkdtempSync(`${cacheDir}.part-`);
  try {
    await runMaven([
      '-q',
      '-B',
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      `-DoutputDirectory=${temporary}`,
    ]);
    fs.chmodSync(temporary, 0o755);
    fs.renameSync(temporary, cacheDir);
  } catch (error) {
    fs.rmSync(temporary, { recursive: true, force: true });
    if (!fs.existsSync(cacheDir)) throw error; // else another process was faster
  }
}

/**
 * @param {string[]} args
 * @returns {Promise<void>}
 */
function runMaven(args) {
  return new Promise((resolve, reject) => {
    const maven = spawn('mvn', ['-f', path.join(__dirname, 'pom.xml'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    maven.stdout.on('data', (chunk) => (output += chunk));
    maven.stderr.on('data', (chunk) => (output += chunk));
    maven.once('error', reject);
    maven.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`Maven could not fetch Kafka ${KAFKA_VERSION}:\n${output.trim().slice(-2000)}`));
    });
  });
}

module.exports = { javaCommand, kafkaClassPath, missingForKafka };
