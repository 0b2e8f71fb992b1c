import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import type { Command } from './command.ts';
import { setNice } from './priority.ts';
import type { ProcessList } from './processes.ts';

/** A process that is kept running. */
export interface Part {
  name: string;
  command: Command;
  /** Throws while the part cannot do its work yet. */
  probe: () => Promise<unknown>;
  /** How the part is asked to stop. Default SIGTERM. */
  stopSignal?: NodeJS.Signals;
}

const FIRST_RESTART_AFTER_MS = 200;
const SLOWEST_RESTART_MS = 10_000;
/** A part that ran this long before it died starts again at once: it is not one that cannot start. */
const STEADY_AFTER_MS = 30_000;

/**
 * Starts parts as processes, writes what they say to `<logs>/<name>.log`, and starts again what dies.
 */
export class Supervisor {
  readonly #running = new Map<string, { child: ChildProcess; part: Part }>();
  /** Parts that were ready once: only those are started again, the others make the start fail. */
  readonly #proven = new Set<string>();
  readonly #processes: ProcessList;
  readonly #logs: string;
  readonly #say: (line: string) => void;
  #stopping = false;

  constructor(processes: ProcessList, logs: string, say: (line: string) => void) {
    this.#processes = processes;
    this.#logs = logs;
    this.#say = say;
  }

  /** Where a part writes its log. */
  logOf(name: string): string {
    return path.join(this.#logs, `${name}.log`);
  }

  /**
   * Starts a part and waits until its probe succeeds.
   *
   * @throws when it exits or is not ready within the time (ms); the message names its log
   */
  async start(part: Part, timeoutMs = 60_000): Promise<void> {
    const child = this.#spawn(part, 0);
    await this.#untilReady(part, child, timeoutMs);
  }

  /** Stops parts, all at once; what does not stop in time (ms) is killed. */
  async stop(names: string[], timeoutMs: number): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        const entry = this.#running.get(name);
        if (!entry || hasExited(entry.child)) return;
        this.#running.delete(name);
        const exit = once(entry.child, 'exit');
        entry.child.kill(entry.part.stopSignal ?? 'SIGTERM');
        const timer = setTimeout(() => killGroup(entry.child), timeoutMs);
        await exit;
        clearTimeout(timer);
        killGroup(entry.child);
        this.#processes.remove(name);
      }),
    );
  }

  /** While the work lasts these parts leave a scarce processor to the others. */
  async behind<Result>(names: string[], work: () => Promise<Result>): Promise<Result> {
    const setAll = async (nice: number) => {
      for (const name of names) {
        const pid = this.#running.get(name)?.child.pid;
        if (pid !== undefined) await setNice(pid, nice);
      }
    };
    await setAll(10);
    try {
      return await work();
    } finally {
      await setAll(0);
    }
  }

  /** From now on nothing that dies is started again. */
  beginStopping(): void {
    this.#stopping = true;
  }

  #spawn(part: Part, deaths: number): ChildProcess {
    const { file, args, env, uid, gid } = part.command;
    const log = openSync(this.logOf(part.name), 'a');
    const started = Date.now();
    // A process group of its own: Ctrl-C reaches the start alone, which stops the parts in order.
    const child = spawn(file, args, {
      env: { ...process.env, ...env },
      uid,
      gid,
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#running.set(part.name, { child, part });
    if (child.pid !== undefined) this.#processes.add(part.name, child.pid);
    child.once('error', (error) => this.#say(`${part.name} could not be started: ${error.message}`));
    child.once('exit', (code, signal) => {
      if (this.#stopping || this.#running.get(part.name)?.child !== child || !this.#proven.has(part.name)) return;
      const inARow = Date.now() - started > STEADY_AFTER_MS ? 0 : deaths;
      const wait = Math.min(FIRST_RESTART_AFTER_MS * 2 ** inARow, SLOWEST_RESTART_MS);
      this.#say(`${part.name} died (${signal ?? `exit ${code}`}); starting it again. Log: ${this.logOf(part.name)}`);
      setTimeout(() => this.#restart(part, child, inARow + 1), wait);
    });
    return child;
  }

  async #restart(part: Part, dead: ChildProcess, deaths: number): Promise<void> {
    if (this.#stopping || this.#running.get(part.name)?.child !== dead) return;
    // What it left behind (Postgres's children) would hold its port and files.
    killGroup(dead);
    const began = performance.now();
    const child = this.#spawn(part, deaths);
    try {
      await this.#untilReady(part, child, 60_000);
      this.#say(`${part.name} is back after ${seconds(performance.now() - began)}`);
    } catch {
      // It died again: its exit has said so and is being dealt with.
    }
  }

  async #untilReady(part: Part, child: ChildProcess, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      try {
        await part.probe();
        this.#proven.add(part.name);
        return;
      } catch (error) {
        if (hasExited(child)) throw new Error(`${part.name} did not start: see ${this.logOf(part.name)}`);
        if (Date.now() > deadline) {
          const why = error instanceof Error ? error.message : String(error);
          throw new Error(
            `${part.name} is not ready after ${seconds(timeoutMs)} (${why}): see ${this.logOf(part.name)}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}

/** Milliseconds as a person reads them: `0.4 s`. */
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const hasExited = (child: ChildProcess) =>
  child.exitCode !== null || child.signalCode !== null || child.pid === undefined;

const killGroup = (child: ChildProcess) => {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The whole group is gone.
  }
};
