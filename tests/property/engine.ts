import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type ClickHouse, connectClickHouse } from '@tillstream/clickhouse/client';
import { clickhousePart } from '@tillstream/embedded/parts';
import { ProcessList } from '@tillstream/embedded/processes';
import { StateFolder } from '@tillstream/embedded/state';
import { Supervisor } from '@tillstream/embedded/supervise';
import { freePort } from '../support/ports.ts';

export interface OwnEngine {
  clickhouse: ClickHouse;
  stop(): Promise<void>;
}

/** A ClickHouse of one's own, since these tests empty and break tables that others share. */
export const startEngine = async (): Promise<OwnEngine> => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-property-'));
  const state = new StateFolder(folder);
  const supervisor = new Supervisor(new ProcessList(folder), state.logs, () => undefined);
  const port = await freePort();
  await supervisor.start(clickhousePart(folder, port));
  const clickhouse = connectClickHouse(`http://127.0.0.1:${port}`, 'property');
  return {
    clickhouse,
    stop: async () => {
      await clickhouse.close();
      supervisor.beginStopping();
      await supervisor.stop(['clickhouse'], 5_000);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
