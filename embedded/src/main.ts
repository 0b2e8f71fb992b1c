import { connectClickHouse } from '@tillstream/clickhouse/client';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { migratePostgres } from '@tillstream/pos-api/postgres/migrate';
import { ensureTopic } from '@tillstream/pos-api/topic';
import { kafkaOf } from '@tillstream/schemas/kafka/kafka';
import {
  deadClockWarning,
  embeddedClickHouseUrl,
  embeddedPostgresUrl,
  locationSettings,
  orExit,
  port,
  SettingsError,
  settingsOrExit,
  shopSettings,
} from '@tillstream/schemas/settings';
import { bringData, holdsPurchases, StepFailed, untilVisible } from './bring-data.ts';
import { kafkaIsInstalled } from './kafka.ts';
import { decide, readOptions } from './options.ts';
import {
  type Addresses,
  clickhousePart,
  dashboardPart,
  kafkaPart,
  partAs,
  posApiPart,
  postgresPart,
  reconcilerPart,
  relayPart,
  tillsPart,
} from './parts.ts';
import { type NeededPort, requireFreePorts } from './ports.ts';
import { ProcessList } from './processes/processes.ts';
import { type Part, Supervisor, seconds } from './processes/supervise.ts';
import { lentUser } from './processes/unprivileged.ts';
import { StateFolder } from './state.ts';

const settings = settingsOrExit({
  ...locationSettings,
  ...shopSettings,
  KAFKA_PORT: port(9092),
});
/** A broker that is there already; undefined where it is ours, or there is none. */
const kafka = orExit(() => {
  const given = kafkaOf(settings);
  // The engine's Kafka client was built without SCRAM.
  if (settings.CLICKHOUSE_URL === undefined && given?.sasl && given.sasl.mechanism !== 'PLAIN') {
    throw new SettingsError(
      `KAFKA_SASL_MECHANISM="${given.sasl.mechanism}": without Docker ClickHouse reads a broker by PLAIN only; ` +
        'name a server with CLICKHOUSE_URL, or set PLAIN (with KAFKA_SECURITY_PROTOCOL=SASL_SSL nobody can listen)',
    );
  }
  return given;
});
const say = (line: string) => console.log(line);
const began = performance.now();
let stopping = false;

type Launch = (part: Part, ...folders: string[]) => Promise<void>;

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

  const { passwords, isNew } = state.passwords();
  const addresses: Addresses = {
    postgresUrl: settings.POSTGRES_URL ?? embeddedPostgresUrl(settings.POSTGRES_PORT, passwords.postgres),
    clickhouseUrl: settings.CLICKHOUSE_URL ?? embeddedClickHouseUrl(settings.CLICKHOUSE_PORT, passwords.clickhouse),
    kafkaBrokers: settings.KAFKA_BROKERS ?? (embeddedKafka ? `127.0.0.1:${settings.KAFKA_PORT}` : undefined),
    posApiPort: settings.POS_API_PORT,
    relayPort: settings.RELAY_PORT,
    dashboardPort: settings.DASHBOARD_PORT,
  };
  const supervisor = new Supervisor(processes, state.logs, say);
  stopOnSignals(supervisor, processes);

  try {
    say('Starting Tillstream');
    const user = lentUser(state, say);
    /** Starts a part as that user, who gets the folders of the state folder that it needs. */
    const launch: Launch = (part, ...folders) => supervisor.start(partAs(part, user, state, folders));
    const postgres = async () => {
      const part = await postgresPart(state.inside('postgres'), settings.POSTGRES_PORT, addresses.postgresUrl, isNew);
      state.keepPasswords(passwords);
      // It has a user of its own, whoever starts it.
      await supervisor.start(part);
    };
    if (settings.POSTGRES_URL && isNew) state.keepPasswords({ clickhouse: passwords.clickhouse });
    await startStores(launch, postgres, state, addresses, embeddedKafka, passwords.clickhouse);
    await startOurs(launch, addresses);
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
    if (demo && !options.noTills) await launch(tillsPart(addresses));
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
        { port: settings.KAFKA_PORT + 1, setting: 'KAFKA_PORT', part: "Kafka's controller (KAFKA_PORT + 1)" },
      ]
    : []),
];

/** Postgres, the broker and ClickHouse side by side; each gets its schema as soon as it can. */
const startStores = async (
  launch: Launch,
  startPostgres: () => Promise<void>,
  state: StateFolder,
  addresses: Addresses,
  embeddedKafka: boolean,
  clickhousePassword: string,
): Promise<void> => {
  const postgres = async () => {
    if (!settings.POSTGRES_URL) await step('Postgres', startPostgres);
    const warning = deadClockWarning(settings);
    if (warning !== undefined) say(`  ${warning}`);
    await step('Postgres schema', () => migratePostgres(addresses.postgresUrl, settings));
  };
  const broker = async () => {
    if (embeddedKafka) {
      await step('Kafka', async () => launch(await kafkaPart(state.inside('kafka'), settings.KAFKA_PORT), 'kafka'));
    } else if (kafka) {
      await step(`topic on ${kafka.brokers}`, () => ensureTopic(kafka));
    } else {
      say('  No broker: Java 17 and Maven are not here and KAFKA_BROKERS is not set, so the relay');
      say('  writes straight to ClickHouse: the same figures, without the broker as a buffer.');
    }
  };
  const clickhouse = async () => {
    if (!settings.CLICKHOUSE_URL) {
      await step('ClickHouse', () =>
        launch(
          clickhousePart(state.path, settings.CLICKHOUSE_PORT, clickhousePassword, kafka?.tls?.ca),
          'clickhouse',
          'clickhouse-run',
        ),
      );
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

const startOurs = async (launch: Launch, addresses: Addresses): Promise<void> => {
  await Promise.all([
    step('POS API', () => launch(posApiPart(addresses))),
    step('relay', () => launch(relayPart(addresses))),
    step('dashboard', () => launch(dashboardPart(addresses))),
    step('reconciler', () => launch(reconcilerPart(addresses))),
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
  // Without the password of the user `default`.
  const sql = `http://${new URL(addresses.clickhouseUrl).host.replace('127.0.0.1', 'localhost')}`;
  say(`  SQL         ${sql}   (user analyst without a password, reads gold.* and silver.*)`);
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
