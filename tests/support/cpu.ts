import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const TICKS_PER_SECOND = 100;

/** The processes of the parts of a stack; `start` is `npm start` itself. */
export const partsOf = (stateFolder: string): { name: string; pid: number }[] =>
  JSON.parse(readFileSync(path.join(stateFolder, 'processes.json'), 'utf8'));

/**
 * CPU seconds that each part of a stack has used so far, its descendants and those that ended included
 * (utime + stime + cutime + cstime of /proc/<pid>/stat).
 */
export const cpuOfParts = (stateFolder: string): Record<string, number> => {
  const table = processTable();
  const total = (pid: number): number =>
    (table.get(pid)?.seconds ?? 0) +
    [...table.values()].filter(({ parent }) => parent === pid).reduce((sum, child) => sum + total(child.pid), 0);
  return Object.fromEntries(
    partsOf(stateFolder)
      .filter(({ name }) => name !== 'start')
      .map(({ name, pid }) => [name, total(pid)]),
  );
};

/** The processes below a process. */
export const descendantsOf = (pid: number): number[] => {
  const table = [...processTable().values()];
  const below = (parent: number): number[] =>
    table.filter((each) => each.parent === parent).flatMap((each) => [each.pid, ...below(each.pid)]);
  return below(pid);
};

const processTable = () => {
  const table = new Map<number, { pid: number; parent: number; seconds: number }>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const ticks = [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0);
      table.set(Number(entry), { pid: Number(entry), parent: Number(fields[1]), seconds: ticks / TICKS_PER_SECOND });
    } catch {
      // It ended meanwhile.
    }
  }
  return table;
};
