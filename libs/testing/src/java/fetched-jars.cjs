'use strict';
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

// Plain CommonJS, as what uses it: scripts/kafka.mjs runs before anything is built.

const OLDEST_JAVA = 17;
const projectRoot = path.resolve(__dirname, '../../../..');

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

/** @type {typeof import('./fetched-jars.cjs').jarFolder} */
function jarFolder(name) {
  return path.join(projectRoot, 'node_modules/.cache/millrace', name);
}

/** @type {typeof import('./fetched-jars.cjs').missingForJars} */
function missingForJars(what, folder) {
  const java = javaVersion();
  if (java === undefined) {
    return `${what} needs Java ${OLDEST_JAVA} or newer; there is no java on the PATH or in JAVA_HOME.`;
  }
  if (java < OLDEST_JAVA) return `${what} needs Java ${OLDEST_JAVA} or newer; this machine has Java ${java}.`;
  if (fs.existsSync(folder)) return undefined;
  const maven = spawnSync('mvn', ['--version'], { stdio: 'ignore' });
  if (maven.error) return `Maven fetches ${what} once, and there is no mvn on the PATH.`;
  return undefined;
}

/** @type {typeof import('./fetched-jars.cjs').fetchJars} */
async function fetchJars(what, folder, maven, check = () => undefined) {
  const parent = path.dirname(folder);
  fs.mkdirSync(parent, { recursive: true });
  // Beside the place where it ends up, so that the rename is one step: a fetch that was cut off leaves nothing behind
  // that looks complete, and two at once don't mix.
  const temporary = fs.mkdtempSync(`${folder}.part-`);
  try {
    await runMaven(what, [...maven, `-DoutputDirectory=${temporary}`]);
    check(temporary);
    fs.chmodSync(temporary, 0o755);
    fs.renameSync(temporary, folder);
  } catch (error) {
    fs.rmSync(temporary, { recursive: true, force: true });
    if (!fs.existsSync(folder)) throw error; // else another process was faster
  }
}

/**
 * @param {string} what
 * @param {readonly string[]} args
 * @returns {Promise<void>}
 */
function runMaven(what, args) {
  return new Promise((resolve, reject) => {
    const maven = spawn('mvn', ['-q', '-B', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    maven.stdout.on('data', (chunk) => (output += chunk));
    maven.stderr.on('data', (chunk) => (output += chunk));
    maven.once('error', reject);
    maven.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`Maven could not fetch ${what}:\n${output.trim().slice(-2000)}`));
    });
  });
}

module.exports = { fetchJars, jarFolder, javaCommand, missingForJars };
