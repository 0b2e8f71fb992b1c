import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Passwords, passwordsFile, readPasswords } from './credentials/own-passwords.ts';

/** A whole number of a setting, e.g. a port, given as text. */
const wholeNumber = (min: number, max: number) =>
  z.string().trim().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.number().min(min).max(max));

/** A TCP port. */
export const port = (fallback: number) => wholeNumber(1, 65535).default(fallback);

/** A whole number with its bounds and default. */
export const count = (fallback: number, min: number, max: number) => wholeNumber(min, max).default(fallback);

/** An IANA time zone name, e.g. `Europe/Berlin`. */
const timeZone = z.string().refine((name) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}, 'must be an IANA time zone such as Europe/Berlin');

/** What a shop chain decides about itself. Read by every part that shows or checks figures. */
export const shopSettings = {
  SHOP_TIMEZONE: timeZone.default('UTC'),
  BUSINESS_DAY_START: z
    .string()
    .regex(/^([01]\d|2[0-3]):(00|15|30|45)$/, 'must be HH:MM on a quarter of an hour, such as 04:00')
    .default('00:00'),
  WEEK_START: z.enum(['monday', 'sunday', 'saturday']).default('monday'),
  LOYAL_THRESHOLD: count(3, 1, 1000),
  /** Units of one product in a purchase at most; of a product sold by weight so many lines. 0: no limit. */
  MAX_QUANTITY_PER_PRODUCT: count(1, 0, 10_000),
  CURRENCY: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as EUR')
    .default('EUR'),
  /** The first day on which a sale may be. The default keeps out tills whose clock has died, see {@link deadClockWarning}. */
  CHAIN_SINCE: z.iso.date('must be a date such as 2000-02-01').default('2000-02-01'),
};

/** What to tell an operator whose `CHAIN_SINCE` lets in the date that a till with a dead clock shows; undefined otherwise. */
export const deadClockWarning = ({ CHAIN_SINCE }: { CHAIN_SINCE: string }): string | undefined =>
  CHAIN_SINCE > '2000-01-31'
    ? undefined
    : `CHAIN_SINCE is ${CHAIN_SINCE}: a till whose clock has died starts at 2000-01-01 (or 1980, or 1970), and its sales are recorded there`;

/** Where the databases and the broker are, and where the embedded ones keep their files. */
export const locationSettings = {
  TILLSTREAM_DATA: z.string().min(1).default('.tillstream'),
  POSTGRES_URL: z.url().optional(),
  POSTGRES_PORT: port(5432),
  CLICKHOUSE_URL: z.url().optional(),
  CLICKHOUSE_PORT: port(8123),
  KAFKA_BROKERS: z
    .string()
    .regex(/^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$/, 'must be host:port[,host:port…]')
    .optional(),
  KAFKA_SECURITY_PROTOCOL: z.enum(['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']).default('PLAINTEXT'),
  KAFKA_SASL_MECHANISM: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).default('SCRAM-SHA-512'),
  KAFKA_SASL_USERNAME: z.string().optional(),
  KAFKA_SASL_PASSWORD: z.string().optional(),
  /** The certificate of the broker's authority, as PEM; absent: what the system trusts. */
  KAFKA_SSL_CA: z.string().startsWith('-----BEGIN CERTIFICATE-----', 'must be a certificate as PEM').optional(),
  POS_API_PORT: port(4000),
  RELAY_PORT: port(4001),
  DASHBOARD_PORT: port(3000),
};

type Locations = z.output<z.ZodObject<typeof locationSettings>>;

/**
 * The Postgres to use: `POSTGRES_URL`, else the embedded one on `POSTGRES_PORT`, with its password from the state folder.
 * Where there is none, one clear line on stderr and exit 1.
 */
export const postgresUrl = (settings: Pick<Locations, 'POSTGRES_URL' | 'POSTGRES_PORT' | 'TILLSTREAM_DATA'>): string =>
  settings.POSTGRES_URL ?? embeddedPostgresUrl(settings.POSTGRES_PORT, ownPassword(settings, 'postgres'));

/** The ClickHouse to use: `CLICKHOUSE_URL`, else the embedded one on `CLICKHOUSE_PORT`, as {@link postgresUrl}. */
export const clickhouseUrl = (
  settings: Pick<Locations, 'CLICKHOUSE_URL' | 'CLICKHOUSE_PORT' | 'TILLSTREAM_DATA'>,
): string =>
  settings.CLICKHOUSE_URL ?? embeddedClickHouseUrl(settings.CLICKHOUSE_PORT, ownPassword(settings, 'clickhouse'));

/** The embedded Postgres, as its superuser. */
export const embeddedPostgresUrl = (onPort: number, password: string): string =>
  `postgres://tillstream:${encodeURIComponent(password)}@127.0.0.1:${onPort}/tillstream`;

/** The embedded ClickHouse, as the user who may do everything. */
export const embeddedClickHouseUrl = (onPort: number, password: string): string =>
  `http://default:${encodeURIComponent(password)}@127.0.0.1:${onPort}`;

const knownPassword = (folder: string, store: keyof Passwords): string | undefined => {
  try {
    return readPasswords(folder)?.[store];
  } catch (error) {
    throw new SettingsError(error instanceof Error ? error.message : String(error));
  }
};

const ownPassword = ({ TILLSTREAM_DATA: folder }: { TILLSTREAM_DATA: string }, store: keyof Passwords): string =>
  orExit(() => {
    const known = knownPassword(folder, store);
    if (known !== undefined) return known;
    const setting = store === 'postgres' ? 'POSTGRES_URL' : 'CLICKHOUSE_URL';
    throw new SettingsError(
      `there is no ${passwordsFile(folder)}: run npm start first, name its folder in TILLSTREAM_DATA, or set ${setting}`,
    );
  });

/**
 * Reads settings from the environment. A bad value is a thrown {@link SettingsError} of one line that names
 * every wrong setting; an empty value counts as absent. A setting `NAME` that is not given is read from the file that
 * `NAME_FILE` names, so that what is secret need not stand in the environment.
 */
export const parseSettings = <S extends z.ZodRawShape>(
  shape: S,
  env: NodeJS.ProcessEnv = process.env,
): z.output<z.ZodObject<S>> => {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const fromFiles = Object.keys(shape).filter((name) => given[name] === undefined && given[`${name}_FILE`]);
  for (const name of fromFiles) given[name] = readSecret(`${name}_FILE`, given[`${name}_FILE`] ?? '') || undefined;
  const parsed = z.object(shape).safeParse(given);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    // What came from a file may be secret: its value is not told.
    const told = fromFiles.includes(name)
      ? `${name}_FILE`
      : `${issue.path.join('.')}=${JSON.stringify(given[name] ?? '')}`;
    return `${told}: ${issue.message}`;
  });
  throw new SettingsError(faults.join('; '));
};

const readSecret = (setting: string, file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new SettingsError(`${setting}=${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

/** A setting with a bad value. Its message is one line for the operator. */
export class SettingsError extends Error {}

/** {@link parseSettings} for an entry point: a bad value is one clear line on stderr and exit 1. */
export const settingsOrExit = <S extends z.ZodRawShape>(shape: S): z.output<z.ZodObject<S>> =>
  orExit(() => parseSettings(shape));

/** What settings say together, for an entry point: a {@link SettingsError} is one clear line on stderr and exit 1. */
export const orExit = <T>(read: () => T): T => {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    console.error(`Bad setting: ${error.message}`);
    process.exit(1);
  }
};

/** {@link orExit} for what is read asynchronously. */
export const orExitAsync = async <T>(read: () => Promise<T>): Promise<T> => {
  const settled = await Promise.allSettled([read()]);
  return orExit(() => {
    const [result] = settled;
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
};
