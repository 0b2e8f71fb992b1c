import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Addresses, kafkaPart, postgresPart } from '@tillstream/embedded/parts';
import { ProcessList } from '@tillstream/embedded/processes/processes';
import { type Part, Supervisor } from '@tillstream/embedded/processes/supervise';
import { StateFolder } from '@tillstream/embedded/state';
import { upsertBranches, upsertProducts } from '@tillstream/pos-api/catalog';
import { connectPostgres } from '@tillstream/pos-api/postgres/database';
import { migratePostgres } from '@tillstream/pos-api/postgres/migrate';
import type pg from 'pg';
import { SETTINGS } from '../../support/database.ts';
import { freePort, freePortPair } from '../../support/ports.ts';
import { BRANCHES, PRODUCTS } from './purchases.ts';

/** Some parts of the stack, started one by one, with nothing else beside them. */
export interface Workshop {
  addresses: Addresses;
  db: pg.Pool;
  start: (part: Part) => Promise<void>;
  stop: (...names: string[]) => Promise<void>;
  /** The file to which a part writes its log; deleted with the workshop. */
  logOf: (name: string) => string;
  /** The broker, to be stopped and started again; absent without one. */
  broker: Part | undefined;
}

/**
 * Runs something with an embedded Postgres that has the schema and a small catalog, and with a broker if wanted, in a
 * temporary folder and on free ports; stops and deletes all of it afterwards.
 */
export const withWorkshop = async (
  { broker, postgresSettings = {} }: { broker: boolean; postgresSettings?: Record<string, string> },
  work: (workshop: Workshop) => Promise<void>,
): Promise<void> => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tillstream-bench-'));
  const state = new StateFolder(folder);
  const supervisor = new Supervisor(new ProcessList(folder), state.logs, (line) => console.log(`  ${line}`));
  const started: string[] = [];
  const start = async (part: Part) => {
    started.push(part.name);
    await supervisor.start(part);
  };
  const [postgresPort, kafkaPort] = [await freePort(), await freePortPair()];
  const addresses: Addresses = {
    postgresUrl: `postgres://tillstream:local-only@127.0.0.1:${postgresPort}/tillstream`,
    clickhouseUrl: 'http://127.0.0.1:9',
    kafkaBrokers: broker ? `127.0.0.1:${kafkaPort}` : undefined,
    posApiPort: await freePort(),
    relayPort: await freePort(),
    dashboardPort: await freePort(),
  };
  let db: pg.Pool | undefined;
  try {
    const brokerPart = broker ? await kafkaPart(state.inside('kafka'), kafkaPort) : undefined;
    if (brokerPart) await start(brokerPart);
    const postgres = await postgresPart(state.inside('postgres'), postgresPort, addresses.postgresUrl);
    const flags = Object.entries(postgresSettings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    await start({ ...postgres, command: { ...postgres.command, args: [...postgres.command.args, ...flags] } });
    await migratePostgres(addresses.postgresUrl, SETTINGS);
    db = connectPostgres(addresses.postgresUrl, 'bench', 16);
    await upsertBranches(
      db,
      BRANCHES.map((branch_id) => ({ branch_id, name: branch_id, country: 'DE' })),
    );
    await upsertProducts(
      db,
      PRODUCTS.map((product_id, n) => ({ product_id, name: product_id, unit_price_minor: 100 + n })),
    );
    const stop = (...names: string[]) => supervisor.stop(names, 5_000);
    await work({ addresses, db, start, stop, logOf: (name) => supervisor.logOf(name), broker: brokerPart });
  } finally {
    await db?.end();
    supervisor.beginStopping();
    await supervisor.stop(started.reverse(), 5_000);
    rmSync(folder, { recursive: true, force: true });
  }
};
