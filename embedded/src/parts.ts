import { access } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureTopic } from '@tillstream/pos-api/topic';
import { prepareKafka } from './kafka.ts';
import { ensureDatabase, preparePostgres } from './postgres.ts';
import { nodeCommand } from './processes/command.ts';
import type { Part } from './processes/supervise.ts';
import { giveTo, runAs, type User } from './processes/unprivileged.ts';
import type { StateFolder } from './state.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const entry = (file: string) => path.join(ROOT, file);

/** Where the parts of this stack find each other. */
export interface Addresses {
  postgresUrl: string;
  clickhouseUrl: string;
  /** Absent: there is no broker, the relay writes to ClickHouse. */
  kafkaBrokers: string | undefined;
  posApiPort: number;
  /** Its health and metrics. */
  relayPort: number;
  dashboardPort: number;
}

/**
 * The embedded Postgres in a folder of its own; `url` says its superuser's password.
 *
 * @param isNew the password is not the one that the cluster in the folder was made with, if there is one
 */
export const postgresPart = async (folder: string, port: number, url: string, isNew = false): Promise<Part> => ({
  name: 'postgres',
  command: await preparePostgres(folder, port, decodeURIComponent(new URL(url).password), isNew),
  probe: () => ensureDatabase(url),
  // Postgres's "fast" shutdown: it does not wait for its clients.
  stopSignal: 'SIGINT',
});

/** The embedded broker; its probe makes the topic. */
export const kafkaPart = async (folder: string, port: number): Promise<Part> => ({
  name: 'kafka',
  command: await prepareKafka(folder, port),
  probe: () => ensureTopic(`127.0.0.1:${port}`),
});

/**
 * ClickHouse's engine behind its HTTP interface, with the password of its user `default`.
 *
 * @param kafkaCa the authority's certificate, as PEM, of a broker that is reached by TLS; absent: those that the system trusts
 */
export const clickhousePart = (stateFolder: string, port: number, password: string, kafkaCa = ''): Part => ({
  name: 'clickhouse',
  command: nodeCommand(entry('embedded/src/clickhouse/server.ts'), [], {
    CLICKHOUSE_PORT: String(port),
    CLICKHOUSE_PASSWORD: password,
    KAFKA_SSL_CA: kafkaCa,
    TILLSTREAM_DATA: stateFolder,
    // Node reads this before any code of the server runs.
    UV_THREADPOOL_SIZE: '12',
  }),
  probe: () => expectOk(`http://127.0.0.1:${port}/ping`),
});

/** V8 gives half of the young heap back when there is little to do, and takes it again: memory that goes up and down says nothing. */
const STEADY_YOUNG_HEAP = '--min-semi-space-size=16';

export const posApiPart = (addresses: Addresses): Part => ({
  name: 'pos-api',
  command: nodeCommand(entry('pos-api/src/api/main.ts'), [], environment(addresses), [STEADY_YOUNG_HEAP]),
  probe: () => expectOk(`http://127.0.0.1:${addresses.posApiPort}/readyz`),
});

export const relayPart = (addresses: Addresses): Part => ({
  name: 'relay',
  command: nodeCommand(entry('pos-api/src/relay/main.ts'), [], environment(addresses)),
  // Alive is enough: a broker that is away for a moment is no reason to call the relay dead.
  probe: () => expectOk(`http://127.0.0.1:${addresses.relayPort}/healthz`),
});

/** Compares Postgres with ClickHouse and heals, and seals the slots that are over. */
export const reconcilerPart = (addresses: Addresses): Part => ({
  name: 'reconciler',
  command: nodeCommand(entry('reconciler/src/main.ts'), [], environment(addresses)),
  // It has no port of its own either.
  probe: () => Promise.resolve(),
});

export const dashboardPart = (addresses: Addresses): Part => ({
  name: 'dashboard',
  command: nodeCommand(entry('dashboard/server.mjs'), [], environment(addresses)),
  // Alive is enough: whether the databases behind it are well is on the page.
  probe: () => expectOk(`http://127.0.0.1:${addresses.dashboardPort}/healthz`),
});

/** A part as an unprivileged user, whose it makes a folder of the state folder; `user` undefined: as whoever starts it. */
export const partAs = (part: Part, user: User | undefined, state: StateFolder, folders: string[] = []): Part => {
  if (user) for (const folder of folders) giveTo(state.inside(folder), user);
  return { ...part, command: runAs(part.command, user, state.path) };
};

/** Simulated tills at the pace of the demo's history, so that a demo lives. */
export const tillsPart = (addresses: Addresses): Part => ({
  name: 'tills',
  command: nodeCommand(entry('loader/tills/main.ts'), [], environment(addresses)),
  probe: () => access(ROOT),
});

/** What each part's environment says of the others; the shop's settings are inherited. */
export const environment = (addresses: Addresses): Record<string, string> => ({
  POSTGRES_URL: addresses.postgresUrl,
  CLICKHOUSE_URL: addresses.clickhouseUrl,
  KAFKA_BROKERS: addresses.kafkaBrokers ?? '',
  POS_API_PORT: String(addresses.posApiPort),
  RELAY_PORT: String(addresses.relayPort),
  DASHBOARD_PORT: String(addresses.dashboardPort),
});

const expectOk = async (url: string): Promise<void> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
};
