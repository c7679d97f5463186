#!/usr/bin/env node
import { ConfigError } from '@app/config';
import { Command, CommanderError } from 'commander';
import { CannotRunError } from './cannot-run.error';

type Exit = (code: number) => void;

/** In the order of the help. Only the one that is asked for is loaded: all of them take 1.0 s of CPU instead of 0.1. */
const COMMANDS: ReadonlyMap<string, () => Promise<(program: Command, exit: Exit) => void>> = new Map([
  ['import', async () => (await import('./commands/import/import.command.js')).addImportCommand],
  ['generate', async () => (await import('./commands/generate/generate.command.js')).addGenerateCommand],
  ['publish', async () => (await import('./commands/publish/publish.command.js')).addPublishCommand],
  ['keys', async () => (await import('./commands/keys/keys.command.js')).addKeysCommand],
  ['projects', async () => (await import('./commands/keys/projects.command.js')).addProjectsCommand],
  ['dead-letters', async () => (await import('./commands/dead-letters/dead-letters.command.js')).addDeadLettersCommand],
  ['erase', async () => (await import('./commands/erase/erase.command.js')).addEraseCommand],
  ['archive', async () => (await import('./commands/archive/archive.command.js')).addArchiveCommand],
  ['migrate', async () => (await import('./commands/migrate/migrate.command.js')).addMigrateCommand],
  ['doctor', async () => (await import('./commands/doctor/doctor.command.js')).addDoctorCommand],
  ['start', async () => (await import('./commands/start/start.command.js')).addStartCommand],
]);

/** Could not run, or not to the end. Commander's own code for wrong arguments is 1, which here means refused rows. */
const CANNOT_RUN = 2;

async function main(): Promise<void> {
  const program = new Command('millrace')
    .description('Command line of Millrace, the self-hosted event service. Talks to its API.')
    .exitOverride();
  const endWith: Exit = (code) => {
    process.exitCode = code;
  };
  const [, , name = ''] = process.argv;
  const wanted = COMMANDS.get(name);
  for (const load of wanted === undefined ? COMMANDS.values() : [wanted]) (await load())(program, endWith);
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : CANNOT_RUN;
      return;
    }
    process.exitCode = CANNOT_RUN;
    const known = error instanceof CannotRunError || error instanceof ConfigError;
    process.stderr.write(`millrace: ${known ? error.message : String(error instanceof Error ? error.stack : error)}\n`);
  }
}

// Whoever read the output has gone (`| head`): nobody is left to tell anything.
process.stdout.on('error', () => process.exit(CANNOT_RUN));
void main();
