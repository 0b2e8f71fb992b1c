import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { startOfDay } from '@tillstream/schemas/values/wall-clock';
import pg from 'pg';
import { sqlState } from './database.ts';

const PACKAGE = new URL('../../', import.meta.url);
/** Any number will do, as long as every migration run takes the same. */
const ADVISORY_LOCK = 4_120_001;
/** While a change of the threshold waits for the sales in flight, others wait behind it: not for long, then it lets them pass. */
const SETTINGS_LOCK_MS = 500;
const SETTINGS_TRIES = 40;

/** The settings that recording depends on. */
export interface ChainSettings {
  CURRENCY: string;
  LOYAL_THRESHOLD: number;
  /** A date on the clock of `SHOP_TIMEZONE`. */
  CHAIN_SINCE: string;
  SHOP_TIMEZONE: string;
  MAX_QUANTITY_PER_PRODUCT: number;
}

/**
 * Brings Postgres to the newest schema, its functions to their newest text and the chain's settings up to date.
 * Runs at each start; two at once wait for each other. Customers follow a new loyal threshold afterwards, see `reviseCustomers`.
 *
 * @returns the names of the files that were applied now
 * @throws when a migration that was applied has changed since, or a setting cannot change any more
 */
export const migratePostgres = async (postgresUrl: string, settings: ChainSettings): Promise<string[]> => {
  const client = new pg.Client({ connectionString: postgresUrl, application_name: 'migrate' });
  await client.connect();
  try {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock($1)', [ADVISORY_LOCK]);
    await client.query(
      'create table if not exists schema_migrations (name text primary key, checksum text not null, applied_at timestamptz not null default now())',
    );
    const applied = await applyFiles(client);
    await client.query('commit');
    await applySettings(client, settings);
    return applied;
  } finally {
    await client.end();
  }
};

const applySettings = async (client: pg.Client, settings: ChainSettings): Promise<void> => {
  const since = new Date(startOfDay(settings.SHOP_TIMEZONE, settings.CHAIN_SINCE)).toISOString();
  await client.query(`set lock_timeout = ${SETTINGS_LOCK_MS}`);
  for (let left = SETTINGS_TRIES; ; left--) {
    try {
      await client.query('select apply_settings($1, $2, $3, $4)', [
        settings.CURRENCY,
        settings.LOYAL_THRESHOLD,
        since,
        settings.MAX_QUANTITY_PER_PRODUCT,
      ]);
      return;
    } catch (error) {
      if (left === 0 || sqlState(error) !== '55P03') throw error;
      await delay(SETTINGS_LOCK_MS);
    }
  }
};

const applyFiles = async (client: pg.Client): Promise<string[]> => {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from schema_migrations',
  );
  const known = new Map(rows.map((row) => [row.name, row.checksum]));
  const applied: string[] = [];
  for (const { name, text, repeatable } of [...(await files('migrations', false)), ...(await files('sql', true))]) {
    const checksum = createHash('sha256').update(text).digest('hex');
    if (known.get(name) === checksum) continue;
    if (known.has(name) && !repeatable) {
      throw new Error(`migration ${name} was changed after it had been applied: add a new one instead`);
    }
    await client.query(text);
    await client.query(
      'insert into schema_migrations (name, checksum) values ($1, $2) on conflict (name) do update set checksum = excluded.checksum, applied_at = now()',
      [name, checksum],
    );
    applied.push(name);
  }
  return applied;
};

/** Migrations are applied once and never change; functions are replaced whenever their text changes. */
const files = async (folder: string, repeatable: boolean) => {
  const names = (await readdir(new URL(`${folder}/`, PACKAGE))).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name) => ({
      name: `${folder}/${name.replace(/\.sql$/, '')}`,
      text: await readFile(new URL(`${folder}/${name}`, PACKAGE), 'utf8'),
      repeatable,
    })),
  );
};
