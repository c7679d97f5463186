import type { Command } from 'commander';
import { toStderr, toStdout } from '../../log-line';
import { table } from '../../table';
import { administer, withAdminFlags, type AdminFlags } from './admin-command';

const PATH = '/api/v1/projects';

interface Project {
  readonly id: number;
  readonly name: string;
}

/** Adds `millrace projects`. `exit` is told the code that the process has to end with. */
export function addProjectsCommand(program: Command, exit: (code: number) => void): void {
  const projects = program.command('projects').description('make and list projects; needs a key of project default');
  withAdminFlags(projects.command('create'))
    .requiredOption('--name <name>', 'its name, which no other project has')
    .description('make a project')
    .action(async (flags: AdminFlags & { readonly name: string }) => {
      await administer(flags, exit, async (api) => {
        const project = await api.call<Project>('POST', PATH, { name: flags.name });
        if (flags.json === true) toStdout(JSON.stringify(project));
        else
          toStderr(
            `Project ${project.id} "${project.name}" is made. Next: millrace keys create --project ${project.id}`,
          );
      });
    });
  withAdminFlags(projects.command('list'))
    .description('list all projects')
    .action(async (flags: AdminFlags) => {
      await administer(flags, exit, async (api) => {
        const found = await api.all<Project>(PATH);
        if (flags.json === true) toStdout(JSON.stringify(found));
        else
          toStdout(
            table(
              ['ID', 'NAME'],
              found.map(({ id, name }) => [String(id), name]),
            ),
          );
      });
    });
}
