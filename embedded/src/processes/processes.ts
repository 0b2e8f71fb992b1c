import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/**
 * The processes of a state folder, in a file: what a parent that was killed could not stop, the next start stops.
 * A process id alone may since belong to another program; with the moment it started it does not.
 */
const record = z.object({ name: z.string(), pid: z.number().int().positive(), started: z.string() });
type Record = z.output<typeof record>;

/** The name under which the start itself is recorded. */
const PARENT = 'start';

export class ProcessList {
  readonly #file: string;
  #records: Record[] = [];

  constructor(stateFolder: string) {
    this.#file = path.join(stateFolder, 'processes.json');
    try {
      this.#records = z.array(record).parse(JSON.parse(readFileSync(this.#file, 'utf8')));
    } catch {
      // No file, or half of one: there is nothing that could be told apart.
    }
  }

  /** The process id of a start that runs on this folder now, if there is one. */
  runningParent(): number | undefined {
    return this.#records.find((known) => known.name === PARENT && isAlive(known))?.pid;
  }

  /**
   * Stops what an earlier start left behind, as Ctrl-C would, and kills what does not stop in time (ms).
   * Answers the names of the parts.
   */
  async stopLeftovers(timeoutMs = 5_000): Promise<string[]> {
    const left = this.#records.filter((known) => known.name !== PARENT && isAlive(known));
    for (const { pid } of left) signal(pid, 'SIGINT');
    const deadline = Date.now() + timeoutMs;
    while (left.some(isAlive) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
    for (const { pid } of left.filter(isAlive)) signal(pid, 'SIGKILL');
    this.#records = [];
    return left.map(({ name }) => name);
  }

  addParent(): void {
    this.add(PARENT, process.pid);
  }

  add(name: string, pid: number): void {
    const started = startMoment(pid);
    if (started === undefined) return;
    this.#records = [...this.#records.filter((known) => known.name !== name), { name, pid, started }];
    this.#write();
  }

  remove(name: string): void {
    this.#records = this.#records.filter((known) => known.name !== name);
    this.#write();
  }

  #write(): void {
    // Written aside and renamed: a kill in between leaves the old list, not half a list.
    writeFileSync(`${this.#file}.new`, JSON.stringify(this.#records, null, 2));
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/** Signals the process; a SIGKILL also its group, since nothing is left to pass it on. */
const signal = (pid: number, name: NodeJS.Signals) => {
  for (const target of name === 'SIGKILL' ? [-pid, pid] : [pid]) {
    try {
      process.kill(target, name);
    } catch {
      // Gone already.
    }
  }
};

const isAlive = ({ pid, started }: Record) => startMoment(pid) === started;

/** Field 22 of /proc/<pid>/stat: clock ticks since boot at which the process started. Undefined when it is gone. */
const startMoment = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : rest[18];
  } catch {
    return undefined;
  }
};
