import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { clickhouseUrl, locationSettings, parseSettings, postgresUrl } from '@tillstream/schemas/settings';
import { freePort, freePortPair } from './ports.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A stack started by `npm start` as a user does, in a state folder and on ports of its own. */
export interface Stack {
  posApi: string;
  dashboard: string;
  /** As anybody asks it: of the user analyst. */
  clickhouse: string;
  /** The same as the user who may do everything. */
  clickhouseAdmin: string;
  postgres: string;
  kafka: string;
  folder: string;
  env: Record<string, string>;
  /** Everything that it printed so far. */
  output: () => string;
  /** `npm start` itself. */
  process: ChildProcess;
  /** Seconds from the command to the line that says it is ready. */
  readyAfter: number;
  /** Ctrl-C; resolves when npm start has ended. */
  stop: () => Promise<void>;
}

/** Where a stack keeps its state and listens; the same place can be started again. */
export interface Place {
  folder: string;
  env: Record<string, string>;
}

/** A new state folder and free ports. */
export const newPlace = async (): Promise<Place> => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-stack-'));
  return {
    folder,
    env: {
      TILLSTREAM_DATA: folder,
      POS_API_PORT: String(await freePort()),
      RELAY_PORT: String(await freePort()),
      DASHBOARD_PORT: String(await freePort()),
      CLICKHOUSE_PORT: String(await freePort()),
      POSTGRES_PORT: String(await freePort()),
      KAFKA_PORT: String(await freePortPair()),
    },
  };
};

/** Deletes what a stack left in its folder. */
export const removePlace = ({ folder }: Place): void => rmSync(folder, { recursive: true, force: true });

/** Runs `npm start -- ARGS` and resolves with its output when it exits by itself. */
export const runStart = async (place: Place, args: string[]): Promise<{ code: number | null; output: string }> => {
  const { child, output } = launch(place, args);
  const [code] = await once(child, 'exit');
  return { code, output: output() };
};

/** Runs `npm start -- ARGS` and resolves when it says that it is ready; throws with its output when it does not. */
export const startStack = async (place: Place, args: string[]): Promise<Stack> => {
  const began = performance.now();
  const { child, output } = launch(place, args);
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`npm start exited with ${code}:\n${output()}`)));
    child.stdout?.on('data', () => {
      if (output().includes('Ctrl-C stops all of it')) resolve();
    });
  });
  const { env, folder } = place;
  const locations = parseSettings(locationSettings, env);
  return {
    posApi: `http://127.0.0.1:${env.POS_API_PORT}`,
    dashboard: `http://127.0.0.1:${env.DASHBOARD_PORT}`,
    clickhouse: `http://127.0.0.1:${env.CLICKHOUSE_PORT}`,
    clickhouseAdmin: clickhouseUrl(locations),
    postgres: postgresUrl(locations),
    kafka: `127.0.0.1:${env.KAFKA_PORT}`,
    folder,
    env,
    output,
    process: child,
    readyAfter: (performance.now() - began) / 1000,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      const exited = once(child, 'exit');
      // The terminal sends Ctrl-C to the whole group, npm and its shell included.
      process.kill(-child.pid, 'SIGINT');
      await exited;
    },
  };
};

const launch = (place: Place, args: string[]) => {
  const child = spawn('npm', ['start', '--silent', '--', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...place.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  return { child, output: () => text };
};
