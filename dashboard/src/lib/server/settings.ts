import { isLoopback } from '@tillstream/schemas/http/loopback';
import { type KafkaAccess, kafkaOf } from '@tillstream/schemas/kafka/kafka';
import {
  count,
  locationSettings,
  orExit,
  SettingsError,
  settingsOrExit,
  shopSettings,
} from '@tillstream/schemas/settings';
import { z } from 'zod';

const shape = {
  ...shopSettings,
  ...locationSettings,
  /** Where the till's sales go; absent: the POS API of this machine, on POS_API_PORT. */
  POS_API_URL: z.url().optional(),
  /** The key it asks for, where keys are on. */
  POS_API_KEY: z.string().min(1).optional(),
  HOST: z.string().default('127.0.0.1'),
  /** Whether the owner logs in; unset: everywhere but on loopback. */
  DASHBOARD_LOGIN: z.enum(['on', 'off']).optional(),
  /** A session that nobody used for so long is over. */
  DASHBOARD_SESSION_IDLE_HOURS: count(12, 1, 720),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** Where Prometheus finds `/metrics`, away from the pages; absent: nowhere. */
  DASHBOARD_METRICS_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  /** Pause between two polls of ClickHouse while the overview is open, in milliseconds. */
  LIVE_PAUSE_MS: count(60, 20, 60_000),
};

/** Settings of the dashboard; `loginIsOn` says whether the owner logs in. */
export type Settings = z.output<z.ZodObject<typeof shape>> & { loginIsOn: boolean; kafka: KafkaAccess | undefined };

/**
 * Whether the owner has to log in.
 *
 * @throws SettingsError when the login is off where others reach the pages
 */
export const loginIsOn = ({
  HOST,
  DASHBOARD_LOGIN,
}: {
  HOST: string;
  DASHBOARD_LOGIN?: 'on' | 'off' | undefined;
}): boolean => {
  const local = isLoopback(HOST);
  if (DASHBOARD_LOGIN === 'off' && !local) {
    throw new SettingsError(
      `DASHBOARD_LOGIN="off": without a login the dashboard listens on loopback only, and HOST is ${HOST}`,
    );
  }
  return DASHBOARD_LOGIN === 'on' || !local;
};

/**
 * Whether requests may name any host: behind a proxy, which adapter-node knows by these variables, or where others reach
 * the pages and the owner logs in. Else only loopback names.
 */
export const answersAnyHost = ({ HOST }: { HOST: string }, env: NodeJS.ProcessEnv = process.env): boolean =>
  !isLoopback(HOST) || Boolean(env.ORIGIN || env.HOST_HEADER);

let settings: Settings | undefined;

/** The settings from the environment, read once. A bad value is one line on stderr and exit 1. */
export const getSettings = (): Settings => {
  if (settings === undefined) {
    const given = settingsOrExit(shape);
    settings = { ...given, loginIsOn: orExit(() => loginIsOn(given)), kafka: orExit(() => kafkaOf(given)) };
  }
  return settings;
};
