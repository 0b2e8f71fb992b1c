import { readFileSync } from 'node:fs';
import { descendantsOf, partsOf } from './cpu.ts';

/** Resident memory (MB) of a part of a stack, from /proc/<pid>/status. */
export const memoryOfPart = (stateFolder: string, name: string): number => {
  const pid = partsOf(stateFolder).find((part) => part.name === name)?.pid;
  return megabytes(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS');
};

/** Memory (MB) of a process and all below it: `rss` counts a page once a process, `pss` shares it among those that have it. */
export const memoryOf = (pid: number): { rss: number; pss: number } => {
  const total = { rss: 0, pss: 0 };
  for (const each of [pid, ...descendantsOf(pid)]) {
    const rollup = readFileSync(`/proc/${each}/smaps_rollup`, 'utf8');
    total.rss += megabytes(rollup, 'Rss');
    total.pss += megabytes(rollup, 'Pss');
  }
  return total;
};

const megabytes = (text: string, field: string): number =>
  Math.round(Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1024);
