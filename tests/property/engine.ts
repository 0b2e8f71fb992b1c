import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type ClickHouse, connectClickHouse } from '@tillstream/clickhouse/client';
import { clickhousePart } from '@tillstream/embedded/parts';
import { ProcessList } from '@tillstream/embedded/processes';
import { StateFolder } from '@tillstream/embedded/state';
import { Supervisor } from '@tillstream/embedded/supervise';
import { z } from 'zod';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';

export interface OwnEngine {
  clickhouse: ClickHouse;
  /** Ends the process without a warning (SIGKILL) and waits until another one answers on the same folder. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const processes = z.array(z.object({ pid: z.int() }));

/** A ClickHouse of one's own, since these tests empty and break tables that others share. */
export const startEngine = async (): Promise<OwnEngine> => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-property-'));
  const state = new StateFolder(folder);
  const supervisor = new Supervisor(new ProcessList(folder), state.logs, () => undefined);
  const port = await freePort();
  await supervisor.start(clickhousePart(folder, port));
  const clickhouse = connectClickHouse(`http://127.0.0.1:${port}`, 'property');
  const processId = () =>
    processes.parse(JSON.parse(readFileSync(path.join(folder, 'processes.json'), 'utf8')))[0]?.pid ?? 0;
  const kill = async () => {
    const dying = processId();
    process.kill(dying, 'SIGKILL');
    await eventually(async () => {
      if (processId() === dying) throw new Error('nothing was started in its place');
      // With a short patience of its own: a request that met the dying process may never be answered.
      const answer = await fetch(`http://127.0.0.1:${port}/?query=SELECT%201`, { signal: AbortSignal.timeout(1_000) });
      if (!answer.ok) throw new Error(`the engine answers ${answer.status}`);
    }, 30_000);
  };
  return {
    clickhouse,
    kill,
    stop: async () => {
      await clickhouse.close();
      supervisor.beginStopping();
      await supervisor.stop(['clickhouse'], 5_000);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
