import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { kafkaIsInstalled } from '@tillstream/embedded/kafka';
import { clickhousePart, kafkaPart, postgresPart } from '@tillstream/embedded/parts';
import { ProcessList } from '@tillstream/embedded/processes/processes';
import { Supervisor } from '@tillstream/embedded/processes/supervise';
import { StateFolder } from '@tillstream/embedded/state';
import { embeddedClickHouseUrl, embeddedPostgresUrl } from '@tillstream/schemas/settings';
import type { TestProject } from 'vitest/node';
import { freePort, freePortPair } from './ports.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
    clickhouseUrl: string;
    /** Absent where there is no Java: the tests that need a broker are skipped. */
    kafkaBrokers: string | undefined;
  }
}

/** A real Postgres, the real ClickHouse engine and a real broker for the integration tests, on free ports. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-test-'));
  const state = new StateFolder(folder);
  const supervisor = new Supervisor(new ProcessList(folder), state.logs, () => undefined);
  const [postgresPort, clickhousePort, kafkaPort] = [await freePort(), await freePort(), await freePortPair()];
  const postgresUrl = embeddedPostgresUrl(postgresPort, 'local-only');
  const parts = await Promise.all([
    postgresPart(state.inside('postgres'), postgresPort, postgresUrl),
    clickhousePart(folder, clickhousePort, 'local-only'),
    ...(kafkaIsInstalled() ? [kafkaPart(state.inside('kafka'), kafkaPort)] : []),
  ]);
  await Promise.all(parts.map((part) => supervisor.start(part)));
  project.provide('postgresUrl', postgresUrl);
  project.provide('clickhouseUrl', embeddedClickHouseUrl(clickhousePort, 'local-only'));
  project.provide('kafkaBrokers', kafkaIsInstalled() ? `127.0.0.1:${kafkaPort}` : undefined);

  return async () => {
    supervisor.beginStopping();
    await supervisor.stop(
      parts.map((part) => part.name),
      5_000,
    );
    rmSync(folder, { recursive: true, force: true });
  };
}
