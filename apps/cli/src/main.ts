#!/usr/bin/env node
import { ConfigError } from '@app/config';
import { Command, CommanderError } from 'commander';
import { CannotRunError } from './cannot-run.error';
import { addArchiveCommand } from './commands/archive/archive.command';
import { addDeadLettersCommand } from './commands/dead-letters/dead-letters.command';
import { addDoctorCommand } from './commands/doctor/doctor.command';
import { addEraseCommand } from './commands/erase/erase.command';
import { addGenerateCommand } from './commands/generate/generate.command';
import { addImportCommand } from './commands/import/import.command';
import { addKeysCommand } from './commands/keys/keys.command';
import { addProjectsCommand } from './commands/keys/projects.command';
import { addMigrateCommand } from './commands/migrate/migrate.command';
import { addPublishCommand } from './commands/publish/publish.command';
import { addStartCommand } from './commands/start/start.command';

/** Could not run, or not to the end. Commander's own code for wrong arguments is 1, which here means refused rows. */
const CANNOT_RUN = 2;

async function main(): Promise<void> {
  const program = new Command('millrace')
    .description('Command line of Millrace, the self-hosted event service. Talks to its API.')
    .exitOverride();
  const endWith = (code: number): void => {
    process.exitCode = code;
  };
  addImportCommand(program, endWith);
  addGenerateCommand(program, endWith);
  addPublishCommand(program, endWith);
  addKeysCommand(program, endWith);
  addProjectsCommand(program, endWith);
  addDeadLettersCommand(program, endWith);
  addEraseCommand(program, endWith);
  addArchiveCommand(program, endWith);
  addMigrateCommand(program);
  addDoctorCommand(program, endWith);
  addStartCommand(program, endWith);
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
