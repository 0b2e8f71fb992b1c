import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type ClickHouse, connectClickHouse } from '@tillstream/clickhouse/client';
import { clickhousePart } from '@tillstream/embedded/parts';
import { ProcessList } from '@tillstream/embedded/processes/processes';
import { Supervisor } from '@tillstream/embedded/processes/supervise';
import { StateFolder } from '@tillstream/embedded/state';
import { embeddedClickHouseUrl } from '@tillstream/schemas/settings';
import { z } from 'zod';
import { cpuOfParts } from './cpu.ts';
import { eventually } from './eventually.ts';
import { freePort } from './ports.ts';

/** A ClickHouse of one's own, with nothing in it but what its folder held. */
export interface OwnEngine {
  clickhouse: ClickHouse;
  url: string;
  /** CPU seconds that it has used so far. */
  cpuSeconds(): number;
  /** Ends the process without a warning (SIGKILL) and waits until another one answers on the same folder. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const processes = z.array(z.object({ pid: z.int() }));

/**
 * Starts the engine on a free port, in a temporary folder that goes with it or in one that is named and stays.
 *
 * @param kafkaCa the authority's certificate, as PEM, of a broker that is reached by TLS
 */
export const startOwnEngine = async (application: string, kept?: string, kafkaCa?: string): Promise<OwnEngine> => {
  const folder = kept ?? mkdtempSync(path.join(os.tmpdir(), `tillstream-${application}-`));
  const supervisor = new Supervisor(new ProcessList(folder), new StateFolder(folder).logs, () => undefined);
  const port = await freePort();
  await supervisor.start(clickhousePart(folder, port, 'local-only', kafkaCa));
  const url = embeddedClickHouseUrl(port, 'local-only');
  const clickhouse = connectClickHouse(url, application);
  const processId = () =>
    processes.parse(JSON.parse(readFileSync(path.join(folder, 'processes.json'), 'utf8')))[0]?.pid ?? 0;
  return {
    clickhouse,
    url,
    cpuSeconds: () => cpuOfParts(folder).clickhouse ?? Number.NaN,
    kill: async () => {
      const dying = processId();
      process.kill(dying, 'SIGKILL');
      await eventually(async () => {
        if (processId() === dying) throw new Error('nothing was started in its place');
        // With a short patience of its own: a request that met the dying process may never be answered.
        const answer = await fetch(`http://127.0.0.1:${port}/?user=analyst&query=SELECT%201`, {
          signal: AbortSignal.timeout(1_000),
        });
        if (!answer.ok) throw new Error(`the engine answers ${answer.status}`);
      }, 30_000);
    },
    stop: async () => {
      await clickhouse.close();
      supervisor.beginStopping();
      await supervisor.stop(['clickhouse'], 5_000);
      if (kept === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
};
