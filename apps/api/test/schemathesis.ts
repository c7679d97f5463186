import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const INSTALL = 'Install it (pip install schemathesis==4.32.5), or set SCHEMATHESIS to its program `st`.';

const HOOKS = join(__dirname, 'schemathesis-hooks.py');

/** The program, or why there is none. Under CI=true a missing one is a failure. */
export function findSchemathesis(): { readonly program: string } | { readonly reason: string } {
  const named = process.env['SCHEMATHESIS'] ?? '';
  for (const program of named === '' ? ['st', 'schemathesis'] : [named]) {
    const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
    if (typeof stdout === 'string' && /^(st|schemathesis), version \d/.test(stdout)) return { program };
  }
  return { reason: named === '' ? `schemathesis is not on the PATH. ${INSTALL}` : `${named} is no schemathesis.` };
}

/** Runs `st` with these arguments in a folder of its own; resolves with its exit code and all that it printed. */
export async function runSchemathesis(
  program: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly said: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-schemathesis-')); // it leaves its cache where it runs
  try {
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, SCHEMATHESIS_HOOKS: HOOKS },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return { code, said };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
