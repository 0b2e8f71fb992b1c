import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Resident memory (MB) of a part of a stack, from /proc/<pid>/status. */
export const memoryOfPart = (stateFolder: string, name: string): number => {
  const parts: { name: string; pid: number }[] = JSON.parse(
    readFileSync(path.join(stateFolder, 'processes.json'), 'utf8'),
  );
  const pid = parts.find((part) => part.name === name)?.pid;
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
};
