import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clickhousePart, kafkaPart } from '@tillstream/embedded/parts';
import { ProcessList } from '@tillstream/embedded/processes/processes';
import { Supervisor } from '@tillstream/embedded/processes/supervise';
import { StateFolder } from '@tillstream/embedded/state';
import { embeddedClickHouseUrl } from '@tillstream/schemas/settings';
import { freePort, freePortPair } from '../../tests/support/ports.ts';

export interface TestEngine {
  url: string;
  stop(): Promise<void>;
}

export interface TestBroker {
  brokers: string;
  stop(): Promise<void>;
}

/** A ClickHouse engine with nothing in it, for a test that looks at all that one holds. */
export const startEngine = async (): Promise<TestEngine> => {
  const { folder, supervisor, stop } = place('clickhouse');
  const port = await freePort();
  await supervisor.start(clickhousePart(folder, port, 'local-only'));
  return { url: embeddedClickHouseUrl(port, 'local-only'), stop };
};

/** A broker of its own: two engines that read one topic as the same group would share its messages. */
export const startBroker = async (): Promise<TestBroker> => {
  const { folder, supervisor, stop } = place('kafka');
  const port = await freePortPair();
  await supervisor.start(await kafkaPart(path.join(folder, 'kafka'), port));
  return { brokers: `127.0.0.1:${port}`, stop };
};

const place = (part: string) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-reconciler-'));
  const supervisor = new Supervisor(new ProcessList(folder), new StateFolder(folder).logs, () => undefined);
  return {
    folder,
    supervisor,
    stop: async () => {
      supervisor.beginStopping();
      await supervisor.stop([part], 5_000);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
