// Installs and builds what is missing or older than its sources. When nothing is, it takes milliseconds, writes nothing
// and says nothing, so that every start can ask for it, also in a checkout that may not be written.
import './node-version.mjs';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const projectRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const inProject = (name) => path.join(projectRoot, name);
const INSTALL_STAMP = inProject('node_modules/.millrace-installed');
const BUILD_STAMP = inProject('dist/.millrace-built');
const LOCK = inProject('dist/.millrace-prepare.lock');
const SOURCES = [
  'apps',
  'libs',
  'migrations',
  'nest-cli.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
];
const NOT_BUILT = new Set(['test', 'testing']);

/** A lock whose owner has not touched it for this long belongs to nobody any more. */
const LOCK_STALE_MS = 15_000;
const LOCK_TOUCH_MS = 2000;
const LOCK_OWNER = `${process.pid}\n`;

/**
 * @param {{ build: boolean }} options
 * @returns {Promise<void>}
 * @throws {Error} with a sentence for people.
 */
export async function prepare({ build }) {
  const isReady = () => isInstalled() && (!build || isBuilt());
  if (isReady()) return;
  await withLock(async () => {
    if (!isInstalled()) await install();
    if (build && !isBuilt()) await compile();
  });
}

function isInstalled() {
  const wanted = hashOf(['package-lock.json']);
  if (existsSync(INSTALL_STAMP)) return readFileSync(INSTALL_STAMP, 'utf8') === wanted;
  // Installed by hand: npm writes this file last.
  const [hidden, lock] = ['node_modules/.package-lock.json', 'package-lock.json'].map(inProject);
  return existsSync(hidden) && statSync(hidden).mtimeMs >= statSync(lock).mtimeMs;
}

function isBuilt() {
  return existsSync(BUILD_STAMP) && readFileSync(BUILD_STAMP, 'utf8') === hashOf(SOURCES);
}

async function install() {
  const wanted = hashOf(['package-lock.json']);
  console.log('Installing dependencies (npm ci) …');
  // Development dependencies too, whatever NODE_ENV says: the compiler is one. Optional ones: PostgreSQL is one.
  const flags = ['--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm ci', [...npmCommand(), 'ci', ...flags]);
  writeFileSync(INSTALL_STAMP, wanted);
}

async function compile() {
  // Before the compiler reads: what is saved meanwhile is built by the next start.
  const wanted = hashOf(SOURCES);
  console.log('Building …');
  rmSync(BUILD_STAMP, { force: true });
  await run('The build', [process.execPath, inProject('node_modules/@nestjs/cli/bin/nest.js'), 'build']);
  writeFileSync(BUILD_STAMP, wanted);
}

/** The npm that runs us, if one does: it need not be on the PATH. */
function npmCommand() {
  const cli = process.env.npm_execpath;
  return cli !== undefined && path.basename(cli) === 'npm-cli.js' ? [process.execPath, cli] : ['npm'];
}

/** By content: a clone, a copy or a branch change gives every file a new time. */
function hashOf(names) {
  const hash = createHash('sha256');
  for (const file of names.flatMap((name) => filesBelow(inProject(name)))) {
    hash
      .update(`${path.relative(projectRoot, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

function filesBelow(place) {
  const stat = statSync(place, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (stat.isFile()) return [place];
  return readdirSync(place, { withFileTypes: true })
    .filter(
      (entry) =>
        (entry.isDirectory() && !NOT_BUILT.has(entry.name)) ||
        (/\.(ts|proto)$/.test(entry.name) && !entry.name.endsWith('spec.ts')),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => filesBelow(path.join(place, entry.name)));
}

async function withLock(work) {
  let told = false;
  while (!takeLock()) {
    if (!told) console.log('Another process installs or builds here; waiting for it …');
    told = true;
    await delay(200);
  }
  const touch = setInterval(touchLock, LOCK_TOUCH_MS);
  try {
    await work();
  } finally {
    clearInterval(touch);
    if (isOurs()) rmSync(LOCK, { force: true });
  }
}

function takeLock() {
  try {
    mkdirSync(path.dirname(LOCK), { recursive: true });
    if (isStale(LOCK)) removeStaleLock();
    writeFileSync(LOCK, LOCK_OWNER, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw new Error(`Millrace is not installed and built yet, and this account cannot do it: ${error.message}`);
  }
}

function isStale(lock) {
  const stat = statSync(lock, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > LOCK_STALE_MS;
}

/** Of those who see a stale lock one moves it; the next may move the lock that the first has taken since, and gives it back. */
function removeStaleLock() {
  const moved = `${LOCK}.${process.pid}`;
  try {
    renameSync(LOCK, moved);
    if (!isStale(moved)) linkSync(moved, LOCK);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  } finally {
    rmSync(moved, { force: true });
  }
}

/** Not while it is moved for a moment, and not when it belongs to somebody else since this machine slept. */
function touchLock() {
  try {
    if (isOurs()) utimesSync(LOCK, new Date(), new Date());
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

function isOurs() {
  return existsSync(LOCK) && readFileSync(LOCK, 'utf8') === LOCK_OWNER;
}

function run(name, [program, ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: projectRoot, stdio: 'inherit' });
    child.once('error', (error) => reject(new Error(`${name} cannot be run: ${error.message}`)));
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${name} failed (${signal ?? `code ${code}`}).`));
    });
  });
}
