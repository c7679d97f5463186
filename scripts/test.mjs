// npm test: everything, on real services. Arguments go to jest. The last line is "N passed, N failed".
import './node-version.mjs';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prepare, projectRoot } from './prepare.mjs';

const WORKER_FLAGS = /^(-i|--runInBand|-w|--maxWorkers)(=|$)/;

try {
  await prepare({ build: true }); // End-to-end tests run what was built.
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const folder = mkdtempSync(path.join(tmpdir(), 'millrace-test-'));
const report = path.join(folder, 'report.json');
try {
  const code = await jest(process.argv.slice(2));
  const { passed, failed } = readReport();
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = code !== 0 ? code : passed > 0 && failed === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @returns {Promise<number>} exit code; 128 + n after a signal, as shells say it. */
function jest(own) {
  // One after another: tests of faults and of time-outs share two cores with PostgreSQL and Kafka.
  const workers = own.some((argument) => WORKER_FLAGS.test(argument)) ? [] : ['--runInBand'];
  const program = path.join(projectRoot, 'node_modules/jest/bin/jest.js');
  const args = [program, ...workers, '--json', `--outputFile=${report}`, ...own];
  const child = spawn(process.execPath, args, { cwd: projectRoot, stdio: 'inherit' });
  // Ctrl-C reaches jest by itself; we only have to live long enough to say how it ended.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const numbers = { SIGINT: 2, SIGTERM: 15, SIGKILL: 9 };
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code, signal) => resolve(code ?? 128 + (numbers[signal] ?? 0)));
  });
}

/** A suite that could not even be loaded counts as one failed test; so does a jest that left no report. */
function readReport() {
  try {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
  } catch {
    return { passed: 0, failed: 1 };
  }
}
