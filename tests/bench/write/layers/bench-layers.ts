import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { nodeCommand } from '@tillstream/embedded/processes/command';
import { createKey } from '@tillstream/pos-api/keys/api-keys';
import { z } from 'zod';
import { line, milliseconds, percentile } from '../../statistics.ts';
import { closedLoop, othersOf } from '../http-load.ts';
import { withWorkshop } from '../workshop.ts';
import { LAYERS, type Layer } from './layers.ts';

const SERVER = fileURLToPath(new URL('server.ts', import.meta.url));
const CONNECTIONS = 64;
const WARM_UP_SECONDS = 2;
const ROUNDS = 5;

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
 * CPU time of the server is told beside the rate, since the rate is Postgres's as soon as Postgres is slower. All have their
 * turn several times, so that none has the empty tables or the quiet moments to itself.
 */
export const benchLayers = async (seconds: number): Promise<void> => {
  console.log(
    `Layers of the API, ${CONNECTIONS} connections, closed loop, ${ROUNDS} turns of ${seconds / ROUNDS} s each`,
  );
  await withWorkshop({ broker: false }, async ({ addresses, db }) => {
    const { key } = await createKey(db, { name: 'layers', branch_id: null, scopes: ['post'] });
    const variants: Variant[] = [];
    try {
      for (const { name, layers } of VARIANTS) variants.push(await startVariant(name, layers, addresses.postgresUrl));
      for (const variant of variants) await closedLoop(variant.url, CONNECTIONS, WARM_UP_SECONDS, key);
      for (let round = 0; round < ROUNDS; round++) {
        for (const variant of variants) {
          await db.query('truncate outbox');
          await takeTurn(variant, key, seconds / ROUNDS);
        }
      }
    } finally {
      for (const { child } of variants) child.kill('SIGKILL');
    }
    const whole = variants[0] ? cpuEach(variants[0]) : Number.NaN;
    for (const variant of variants) {
      const less = variant === variants[0] ? '' : ` (${(whole - cpuEach(variant)).toFixed(0)} less than all)`;
      const rate = percentile(variant.rates, 50);
      line(
        variant.name,
        `${rate.toFixed(0)} purchases/s, ${cpuEach(variant).toFixed(0)} µs of CPU each${less}, ${milliseconds(variant.latencies)}${othersOf(variant)}`,
      );
    }
  });
};

/** A server with some of the layers, and what its turns have shown. */
interface Variant {
  name: string;
  child: ChildProcess;
  url: string;
  /** Purchases per second of each turn. */
  rates: number[];
  latencies: number[];
  others: Record<string, number>;
  cpuMicroseconds: number;
}

const listening = z.object({ port: z.int() });
const cpu = z.object({ user: z.number(), system: z.number() });

const startVariant = async (name: string, layers: readonly Layer[], postgresUrl: string): Promise<Variant> => {
  const { file, args } = nodeCommand(SERVER, [...layers]);
  const child = spawn(file, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, POSTGRES_URL: postgresUrl },
  });
  const { port } = listening.parse((await once(child, 'message'))[0]);
  const url = `http://127.0.0.1:${port}`;
  return { name, child, url, rates: [], latencies: [], others: {}, cpuMicroseconds: 0 };
};

const takeTurn = async (variant: Variant, key: string, seconds: number): Promise<void> => {
  const before = await cpuOf(variant.child);
  const load = await closedLoop(variant.url, CONNECTIONS, seconds, key);
  variant.cpuMicroseconds += (await cpuOf(variant.child)) - before;
  variant.rates.push(load.latencies.length / load.seconds);
  for (const latency of load.latencies) variant.latencies.push(latency);
  for (const [other, count] of Object.entries(load.others))
    variant.others[other] = (variant.others[other] ?? 0) + count;
};

const cpuEach = ({ cpuMicroseconds, latencies }: Variant): number => cpuMicroseconds / latencies.length;

/** Microseconds of CPU that the server has used. */
const cpuOf = async (child: ChildProcess): Promise<number> => {
  const told = once(child, 'message');
  child.send('cpu');
  const { user, system } = cpu.parse((await told)[0]);
  return user + system;
};
