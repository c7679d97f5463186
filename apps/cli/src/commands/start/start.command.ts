import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { CannotRunError } from '../../cannot-run.error';

/** The compiled program, seen from this compiled file: no application imports another one. */
const STANDALONE = join(__dirname, '../../../../standalone/src/main.js');

/** @returns its exit code; 128 + n after a signal, as shells say it. */
function runStandalone(): Promise<number> {
  const child = spawn(process.execPath, [STANDALONE], { stdio: 'inherit' });
  // It knows that one Ctrl-C may reach it twice: from the terminal and from us.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      reject(new CannotRunError(`the service cannot be run: ${error.message}`));
    });
    child.once('exit', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

/** @param onEnd gets the exit code. */
export function addStartCommand(program: Command, onEnd: (code: number) => void): void {
  program
    .command('start')
    .description('Run the whole service here, as npm start does.')
    .action(async () => {
      onEnd(await runStandalone());
    });
}
