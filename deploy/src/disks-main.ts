/**
 * `GET /metrics` says how full the disks under the stores' volumes are, and nothing else: it reaches no store, and of a
 * volume it asks only its size.
 */
import { statfs } from 'node:fs/promises';
import { serveHealth } from '@tillstream/schemas/http/health-server';
import { port, settingsOrExit } from '@tillstream/schemas/settings';
import { Gauge, Registry } from 'prom-client';
import { disks } from './settings.ts';

const settings = settingsOrExit({ DISKS: disks, DISKS_PORT: port(9465) });

const registry = new Registry();
const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames: ['volume'], registers: [registry] });
const size = gauge('volume_size_bytes', 'Size of the file system under the volume');
const free = gauge('volume_free_bytes', 'What ordinary users may still write to it');

/** A volume that cannot be looked at has no figure, which an alert notices; the others keep theirs. */
const measure = async ([volume, folder]: [string, string]): Promise<void> => {
  try {
    const { bsize, blocks, bavail } = await statfs(folder);
    size.set({ volume }, bsize * blocks);
    free.set({ volume }, bsize * bavail);
  } catch (error) {
    size.remove({ volume });
    free.remove({ volume });
    console.error(`disks: ${volume}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

serveHealth({
  port: settings.DISKS_PORT,
  host: '0.0.0.0',
  setting: 'DISKS_PORT',
  metrics: {
    contentType: registry.contentType,
    metrics: async () => {
      await Promise.all([...settings.DISKS].map(measure));
      return registry.metrics();
    },
  },
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0));
