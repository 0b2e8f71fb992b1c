import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { nodeCommand } from '@tillstream/embedded/command';
import { createKey } from '@tillstream/pos-api/api-keys';
import { z } from 'zod';
import { closedLoop, othersOf } from './http-load.ts';
import { LAYERS, type Layer } from './layers/layers.ts';
import { line, milliseconds } from './statistics.ts';
import { withWorkshop } from './workshop.ts';

const SERVER = fileURLToPath(new URL('layers/server.ts', import.meta.url));
const CONNECTIONS = 64;
const WARM_UP_SECONDS = 2;

const VARIANTS: { name: string; layers: readonly Layer[] }[] = [
  { name: 'all layers', layers: LAYERS },
  ...LAYERS.filter((layer) => layer !== 'express').map((off) => ({
    // The log is told by the metrics.
    name: off === 'metrics' ? 'without metrics and logs' : `without ${off}`,
    layers: LAYERS.filter((layer) => layer !== off),
  })),
  { name: 'Express alone', layers: ['express', 'prototypes'] },
  { name: 'Express alone, as it comes', layers: ['express'] },
  { name: 'bare node:http', layers: [] },
];

/**
 * What each layer of the API costs: the same load with one of them left out, and with none but Express, and without that.
 * CPU time of the server is told beside the rate, since the rate is Postgres's as soon as Postgres is slower.
 */
export const benchLayers = async (seconds: number): Promise<void> => {
  console.log(`Layers of the API, ${CONNECTIONS} connections, closed loop`);
  await withWorkshop({ broker: false }, async ({ addresses, db }) => {
    const { key } = await createKey(db, { name: 'layers', branch_id: null, scopes: ['post'] });
    for (const { name, layers } of VARIANTS) {
      await db.query('truncate outbox');
      line(name, await measure(layers, key, addresses.postgresUrl, seconds));
    }
  });
};

const listening = z.object({ port: z.int() });
const cpu = z.object({ user: z.number(), system: z.number() });

const measure = async (
  layers: readonly Layer[],
  key: string,
  postgresUrl: string,
  seconds: number,
): Promise<string> => {
  const { file, args } = nodeCommand(SERVER, [...layers]);
  const child = spawn(file, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, POSTGRES_URL: postgresUrl },
  });
  try {
    const { port } = listening.parse((await once(child, 'message'))[0]);
    const url = `http://127.0.0.1:${port}`;
    await closedLoop(url, CONNECTIONS, WARM_UP_SECONDS, key);
    const before = await cpuOf(child);
    const load = await closedLoop(url, CONNECTIONS, seconds, key);
    const used = (await cpuOf(child)) - before;
    const answered = load.latencies.length;
    return `${(answered / load.seconds).toFixed(0)} purchases/s, ${(used / answered).toFixed(0)} µs of CPU each, ${milliseconds(load.latencies)}${othersOf(load)}`;
  } finally {
    child.kill('SIGKILL');
  }
};

/** Microseconds of CPU that the server has used. */
const cpuOf = async (child: ChildProcess): Promise<number> => {
  const told = once(child, 'message');
  child.send('cpu');
  const { user, system } = cpu.parse((await told)[0]);
  return user + system;
};
