/** One-shot of docker-compose.yml: topic, Postgres schema and roles, ClickHouse schema. Changes nothing where all stands. */
import { setTimeout as delay } from 'node:timers/promises';
import { connectClickHouse } from '@tillstream/clickhouse/client';
import { migrateClickHouse } from '@tillstream/clickhouse/schema/migrate';
import { migratePostgres } from '@tillstream/pos-api/postgres/migrate';
import { ensureTopic } from '@tillstream/pos-api/topic';
import { keyIdOf } from '@tillstream/schemas/credentials/api-keys';
import { type Kafka, kafkaOf } from '@tillstream/schemas/kafka/kafka';
import {
  deadClockWarning,
  locationSettings,
  SettingsError,
  settingsOrExit,
  shopSettings,
} from '@tillstream/schemas/settings';
import { z } from 'zod';
import { applyRoles } from './postgres-roles.ts';
import { required, rolePasswords } from './settings.ts';
import { letTillIn } from './till-key.ts';

const TOPIC_TRIES = 20;

const settings = settingsOrExit({
  ...locationSettings,
  ...shopSettings,
  POSTGRES_ROLE_PASSWORDS: rolePasswords.optional(),
  /** The key with which the dashboard's till asks the API; absent: that till is let in by nobody. */
  TILL_KEY: z
    .string()
    .refine((key) => keyIdOf(key) !== undefined, 'must be an API key')
    .optional(),
});

/** Says what was done and how long it took. */
const step = async (what: string, work: () => Promise<string[] | undefined>): Promise<void> => {
  const began = performance.now();
  const applied = await work();
  const news = applied === undefined ? '' : applied.length === 0 ? ', nothing new' : `: ${applied.join(', ')}`;
  console.log(`migrate: ${what}${news} (${Math.round(performance.now() - began)} ms)`);
};

/** A broker that has just come up may answer before it can make a topic. */
const topic = async (kafka: Kafka): Promise<undefined> => {
  for (let left = TOPIC_TRIES; ; left--) {
    try {
      await ensureTopic(kafka);
      return undefined;
    } catch (error) {
      if (left === 0) throw error;
      await delay(500);
    }
  }
};

try {
  const postgres = required('POSTGRES_URL', settings.POSTGRES_URL);
  const kafka = required('KAFKA_BROKERS', kafkaOf(settings));
  const clickhouse = connectClickHouse(required('CLICKHOUSE_URL', settings.CLICKHOUSE_URL), 'migrate');
  const passwords = settings.POSTGRES_ROLE_PASSWORDS ?? new Map<string, string>();
  await step('topic', () => topic(kafka));
  const warning = deadClockWarning(settings);
  if (warning !== undefined) console.warn(`migrate: ${warning}`);
  await step('Postgres schema', () => migratePostgres(postgres, settings));
  await step(`Postgres roles ${[...passwords.keys()].join(', ')}`, async () => {
    await applyRoles(postgres, passwords);
    return undefined;
  });
  const { TILL_KEY } = settings;
  if (TILL_KEY !== undefined) await step("key of the dashboard's till", () => letTillIn(postgres, TILL_KEY));
  await step('ClickHouse schema', () => migrateClickHouse(clickhouse, kafka, settings));
  await clickhouse.close();
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  console.error(error instanceof SettingsError ? `Bad setting: ${text}` : `migrate: ${text}`);
  process.exit(1);
}
