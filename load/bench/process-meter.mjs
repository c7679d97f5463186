/** What processes used, from /proc: CPU in microseconds, memory in megabytes. Linux only. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Clock ticks of /proc/PID/stat; 100 on every Linux that Node runs on. */
const US_PER_TICK = 10_000;

function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold spaces and brackets; the fields start after the last one.
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined; // it has ended
  }
}

export function parentOf(pid) {
  return Number(statOf(pid)?.[1]);
}

function childrenOf(pid) {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === pid);
}

/** CPU of a process and of its children that have ended. */
function cpuOf(pid) {
  const fields = statOf(pid);
  return fields === undefined ? 0 : fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * US_PER_TICK;
}

/** Resident memory now. */
export function rssMb(pid) {
  const match = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(match?.[1] ?? 0) / 1024);
}

function peakMbOf(pid) {
  const match = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(match?.[1] ?? 0) / 1024);
}

/** Follows groups of processes; a group with `family` counts the children of its processes too. */
export class ProcessMeter {
  #groups;
  #before;

  /** @param {Record<string, { pids: number[], family?: boolean }>} groups */
  constructor(groups) {
    this.#groups = groups;
    this.#before = this.#cpu();
  }

  /** CPU µs by group since the meter was made. */
  used() {
    const now = this.#cpu();
    return Object.fromEntries(Object.keys(now).map((name) => [name, now[name] - this.#before[name]]));
  }

  /** Sum of the peaks of resident memory by group, without children. */
  peakMb() {
    const sum = (pids) => pids.reduce((total, pid) => total + peakMbOf(pid), 0);
    return Object.fromEntries(Object.entries(this.#groups).map(([name, { pids }]) => [name, sum(pids)]));
  }

  /** Peaks are those from now on. */
  forgetPeaks() {
    for (const { pids } of Object.values(this.#groups))
      for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, '5');
  }

  #cpu() {
    const total = ({ pids, family }) =>
      pids.flatMap((pid) => [pid, ...(family ? childrenOf(pid) : [])]).reduce((sum, pid) => sum + cpuOf(pid), 0);
    return Object.fromEntries(Object.entries(this.#groups).map(([name, group]) => [name, total(group)]));
  }
}
