import { connectClickHouse } from '@tillstream/clickhouse/client';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { migratePostgres } from '@tillstream/pos-api/migrate';
import { ensureTopic } from '@tillstream/pos-api/topic';
import { kafkaOf } from '@tillstream/schemas/kafka';
import {
  clickhouseUrl,
  deadClockWarning,
  locationSettings,
  orExit,
  port,
  postgresUrl,
  SettingsError,
  settingsOrExit,
  shopSettings,
} from '@tillstream/schemas/settings';
import { z } from 'zod';
import { bringData, holdsPurchases, StepFailed, untilVisible } from './bring-data.ts';
import { kafkaIsInstalled } from './kafka.ts';
import { decide, readOptions } from './options.ts';
import {
  type Addresses,
  clickhousePart,
  dashboardPart,
  kafkaPart,
  posApiPart,
  postgresPart,
  reconcilerPart,
  relayPart,
  tillsPart,
} from './parts.ts';
import { type NeededPort, requireFreePorts } from './ports.ts';
import { ProcessList } from './processes.ts';
import { StateFolder } from './state.ts';
import { Supervisor, seconds } from './supervise.ts';

const settings = settingsOrExit({
  ...locationSettings,
  ...shopSettings,
  KAFKA_PORT: port(9092),
  TILLSTREAM_DATA: z.string().default('.tillstream'),
});
/** A broker that is there already; undefined where it is ours, or there is none. */
const kafka = orExit(() => {
  const given = kafkaOf(settings);
  // The engine's Kafka client was built without OpenSSL.
  if (settings.CLICKHOUSE_URL === undefined && (given?.tls || (given?.sasl && given.sasl.mechanism !== 'PLAIN'))) {
    throw new SettingsError(
      'KAFKA_SECURITY_PROTOCOL: without Docker ClickHouse reads a broker by PLAINTEXT, or SASL_PLAINTEXT with PLAIN; ' +
        'for TLS or SCRAM name a server with CLICKHOUSE_URL',
    );
  }
  return given;
});
const say = (line: string) => console.log(line);
const began = performance.now();
let stopping = false;

/** Shows what is being done and, when it is done, how long it took. */
const step = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const start = performance.now();
  const result = await work();
  say(`  ${what.padEnd(44)} ${seconds(performance.now() - start).padStart(7)}`);
  return result;
};

const start = async (): Promise<void> => {
  const options = readOptions(process.argv.slice(2));
  const state = new StateFolder(settings.TILLSTREAM_DATA);
  const bring = decide(options, state.read(), settings.TILLSTREAM_DATA);

  const processes = new ProcessList(state.path);
  const running = processes.runningParent();
  if (running !== undefined) {
    throw new Error(
      `Tillstream runs already on ${settings.TILLSTREAM_DATA} (process ${running}): http://localhost:${settings.DASHBOARD_PORT}`,
    );
  }
  const left = await processes.stopLeftovers();
  if (left.length > 0) say(`Stopped what an earlier start left behind: ${left.join(', ')}`);

  const embeddedKafka = settings.KAFKA_BROKERS === undefined && kafkaIsInstalled();
  await requireFreePorts(neededPorts(embeddedKafka));
  processes.addParent();

  const addresses: Addresses = {
    postgresUrl: postgresUrl(settings),
    clickhouseUrl: clickhouseUrl(settings),
    kafkaBrokers: settings.KAFKA_BROKERS ?? (embeddedKafka ? `127.0.0.1:${settings.KAFKA_PORT}` : undefined),
    posApiPort: settings.POS_API_PORT,
    relayPort: settings.RELAY_PORT,
    dashboardPort: settings.DASHBOARD_PORT,
  };
  const supervisor = new Supervisor(processes, state.logs, say);
  stopOnSignals(supervisor, processes);

  try {
    say('Starting Tillstream');
    await startStores(supervisor, state, addresses, embeddedKafka);
    await startOurs(supervisor, addresses);
    const brought =
      bring.kind === 'demo' && state.read() === undefined && (await holdsPurchases(addresses.postgresUrl))
        ? ({ kind: 'nothing' } as const)
        : bring;
    if (brought.kind !== 'nothing') {
      const followers = brought.kind === 'files' ? ['kafka', 'relay', 'clickhouse', 'reconciler'] : [];
      await supervisor.behind(followers, () => bringData(brought, state, addresses));
      const visible = await step('every purchase in the figures', () => untilVisible(addresses, 120_000));
      if (visible === undefined) say('  Not all purchases are in the figures yet; the page says when they are.');
    }
    const demo = state.read()?.data === 'demo';
    if (demo && !options.noTills) await supervisor.start(tillsPart(addresses));
    announce(addresses, state, demo && !options.noTills);
  } catch (error) {
    // Ctrl-C ends whatever step runs: that is no failure, and the parts are being stopped already.
    if (stopping) return;
    if (!(error instanceof StepFailed)) console.error(error instanceof Error ? error.message : error);
    await stopAll(supervisor, processes);
    process.exit(1);
  }
};

const neededPorts = (embeddedKafka: boolean): NeededPort[] => [
  { port: settings.POS_API_PORT, setting: 'POS_API_PORT', part: 'the POS API' },
  { port: settings.RELAY_PORT, setting: 'RELAY_PORT', part: "the relay's metrics" },
  { port: settings.DASHBOARD_PORT, setting: 'DASHBOARD_PORT', part: 'the dashboard' },
  ...(settings.POSTGRES_URL ? [] : [{ port: settings.POSTGRES_PORT, setting: 'POSTGRES_PORT', part: 'Postgres' }]),
  ...(settings.CLICKHOUSE_URL
    ? []
    : [{ port: settings.CLICKHOUSE_PORT, setting: 'CLICKHOUSE_PORT', part: 'ClickHouse' }]),
  ...(embeddedKafka
    ? [
        { port: settings.KAFKA_PORT, setting: 'KAFKA_PORT', part: 'Kafka' },
        { port: settings.KAFKA_PORT + 1, setting: 'KAFKA_PORT (and the one after it)', part: "Kafka's controller" },
      ]
    : []),
];

/** Postgres, the broker and ClickHouse side by side; each gets its schema as soon as it can. */
const startStores = async (
  supervisor: Supervisor,
  state: StateFolder,
  addresses: Addresses,
  embeddedKafka: boolean,
): Promise<void> => {
  const postgres = async () => {
    if (!settings.POSTGRES_URL) {
      await step('Postgres', async () =>
        supervisor.start(await postgresPart(state.inside('postgres'), settings.POSTGRES_PORT, addresses.postgresUrl)),
      );
    }
    const warning = deadClockWarning(settings);
    if (warning !== undefined) say(`  ${warning}`);
    await step('Postgres schema', () => migratePostgres(addresses.postgresUrl, settings));
  };
  const broker = async () => {
    if (embeddedKafka) {
      await step('Kafka', async () => supervisor.start(await kafkaPart(state.inside('kafka'), settings.KAFKA_PORT)));
    } else if (kafka) {
      await step(`topic on ${kafka.brokers}`, () => ensureTopic(kafka));
    } else {
      say('  No broker: Java 17 and Maven are not here and KAFKA_BROKERS is not set, so the relay');
      say('  writes straight to ClickHouse: the same figures, without the broker as a buffer.');
    }
  };
  const clickhouse = async () => {
    if (!settings.CLICKHOUSE_URL) {
      await step('ClickHouse', () => supervisor.start(clickhousePart(state.path, settings.CLICKHOUSE_PORT)));
    }
  };
  const brokerStarted = broker();
  await Promise.all([postgres(), brokerStarted, clickhouse()]);
  // The queue looks for its topic when it is made, so the broker comes first.
  await step('ClickHouse schema', async () => {
    const client = connectClickHouse(addresses.clickhouseUrl, 'migrate');
    await migrateClickHouse(client, kafka ?? addresses.kafkaBrokers);
    await client.close();
  });
};

const startOurs = async (supervisor: Supervisor, addresses: Addresses): Promise<void> => {
  await Promise.all([
    step('POS API', () => supervisor.start(posApiPart(addresses))),
    step('relay', () => supervisor.start(relayPart(addresses))),
    step('dashboard', () => supervisor.start(dashboardPart(addresses))),
    step('reconciler', () => supervisor.start(reconcilerPart(addresses))),
  ]);
};

const announce = (addresses: Addresses, state: StateFolder, tills: boolean): void => {
  say('');
  say(
    `Tillstream is ready after ${seconds(performance.now() - began)}${tills ? '; simulated tills are selling' : ''}.`,
  );
  say('');
  say(`  Open        http://localhost:${addresses.dashboardPort}`);
  say(`  Tills post  http://localhost:${addresses.posApiPort}/v1/purchases   (no keys: loopback only)`);
  say(
    `  SQL         ${addresses.clickhouseUrl.replace('127.0.0.1', 'localhost')}   (user analyst, reads gold.* and silver.*)`,
  );
  say(`  Logs        ${state.logs}`);
  say('');
  say('Ctrl-C stops all of it; the data stays for the next start.');
};

/** What takes work in goes first, what keeps it goes last. */
const stopAll = async (supervisor: Supervisor, processes: ProcessList): Promise<void> => {
  supervisor.beginStopping();
  await supervisor.stop(['tills', 'dashboard', 'pos-api', 'relay', 'reconciler'], 3_000);
  await supervisor.stop(['clickhouse', 'kafka', 'postgres'], 5_000);
  processes.remove('start');
};

const stopOnSignals = (supervisor: Supervisor, processes: ProcessList): void => {
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    const start = performance.now();
    say('\nStopping …');
    await stopAll(supervisor, processes);
    say(`Stopped in ${seconds(performance.now() - start)}.`);
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
};

await start().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
