import { InvalidArgumentError, type Command } from 'commander';
import { toStderr, toStdout } from '../../log-line';
import { table } from '../../table';
import { administer, withAdminFlags, type AdminFlags } from './admin-command';

const PATH = '/api/v1/projects';

interface Project {
  readonly id: number;
  readonly name: string;
  readonly retention_days: number | null;
  readonly events_from: string | null;
}

interface CreateFlags extends AdminFlags {
  readonly name: string;
  readonly retentionDays?: number | null;
}

/** Adds `millrace projects`. `exit` is told the code that the process has to end with. */
export function addProjectsCommand(program: Command, exit: (code: number) => void): void {
  const projects = program.command('projects').description('make and list projects; needs a key of project default');
  withAdminFlags(projects.command('create'))
    .requiredOption('--name <name>', 'its name, which no other project has')
    .option('--retention-days <days>', 'how long it keeps its events; without it for ever', daysOf)
    .description('make a project')
    .action((flags: CreateFlags) => create(flags, exit));
  withAdminFlags(projects.command('list'))
    .description('list all projects')
    .action((flags: AdminFlags) => list(flags, exit));
  withAdminFlags(projects.command('retention'))
    .argument('<id>', 'id of the project')
    .argument('<days>', '7 to 36500, or forever; events that are older are dropped within minutes, for good', daysOf)
    .description('say how long a project keeps its events')
    .action((id: string, days: number | null, flags: AdminFlags) => keepFor(id, days, flags, exit));
}

async function create(flags: CreateFlags, exit: (code: number) => void): Promise<void> {
  await administer(flags, exit, async (api) => {
    const body = { name: flags.name, retention_days: flags.retentionDays };
    const project = await api.call<Project>('POST', PATH, body);
    if (flags.json === true) toStdout(JSON.stringify(project));
    else
      toStderr(`Project ${project.id} "${project.name}" is made. Next: millrace keys create --project ${project.id}`);
  });
}

async function list(flags: AdminFlags, exit: (code: number) => void): Promise<void> {
  await administer(flags, exit, async (api) => {
    const found = await api.all<Project>(PATH);
    if (flags.json === true) toStdout(JSON.stringify(found));
    else toStdout(table(['ID', 'NAME', 'KEEPS', 'DROPPED BEFORE'], found.map(rowOf)));
  });
}

async function keepFor(
  id: string,
  days: number | null,
  flags: AdminFlags,
  exit: (code: number) => void,
): Promise<void> {
  await administer(flags, exit, async (api) => {
    const path = `${PATH}/${encodeURIComponent(id)}`;
    const project = await api.call<Project>('PATCH', path, { retention_days: days });
    if (flags.json === true) toStdout(JSON.stringify(project));
    else toStderr(`Project ${project.id} "${project.name}" keeps its events ${spanOf(project)}.`);
  });
}

/** Which numbers are good is the API's to say. */
function daysOf(text: string): number | null {
  if (text === 'forever') return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number of days, or forever.');
}

function rowOf(project: Project): string[] {
  const { id, name, retention_days, events_from } = project;
  return [String(id), name, retention_days === null ? 'for ever' : `${retention_days} days`, events_from ?? '-'];
}

function spanOf({ retention_days }: Project): string {
  return retention_days === null ? 'for ever' : `for ${retention_days} days`;
}
