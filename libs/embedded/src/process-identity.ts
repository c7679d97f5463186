import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * A text that tells this process from every other one that ever had its pid, also before a reboot. Undefined when no
 * process has the pid now; one that has ended and waits for its parent (zombie) counts as none.
 */
export function processIdentity(pid: number): string | undefined {
  return process.platform === 'linux' ? linuxIdentity(pid) : psIdentity(pid);
}

/** The command line of a process, arguments separated by a space; undefined when there is no such process. */
export function processCommand(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'command=');
  return readOrUndefined(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim();
}

function linuxIdentity(pid: number): string | undefined {
  const stat = readOrUndefined(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // proc(5): the second field is the name in parentheses and may itself hold spaces and parentheses; after it come the
  // state (third field) and, as 22nd field, the start in ticks since boot.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  const boot = readOrUndefined('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  return `${boot}/${fields[19] ?? ''}`;
}

function psIdentity(pid: number): string | undefined {
  const [state, ...started] = (ps(pid, 'stat=,lstart=') ?? '').split(/\s+/);
  return state === undefined || state === '' || state.startsWith('Z') ? undefined : started.join(' ');
}

function ps(pid: number, columns: string): string | undefined {
  const { status, stdout } = spawnSync('/bin/ps', ['-ww', '-o', columns, '-p', String(pid)], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

function readOrUndefined(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // The process ended, or is hidden from us.
  }
}
