import { isLoopback } from '@tillstream/schemas/loopback';
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
  /** Signs the sessions; the same for all replicas. */
  DASHBOARD_SESSION_SECRET: z.string().optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** Pause between two looks at ClickHouse while somebody watches, in milliseconds. */
  LIVE_PAUSE_MS: count(60, 20, 60_000),
};

const SHORTEST_SECRET = 32;

/** Settings of the dashboard; `sessionSecret` is absent where nobody has to log in. */
export type Settings = z.output<z.ZodObject<typeof shape>> & { sessionSecret: string | undefined };

/**
 * The secret that signs sessions; undefined where nobody has to log in.
 *
 * @throws SettingsError when the login is off where others reach the pages, or on without a secret
 */
export const sessionSecretOf = ({
  HOST,
  DASHBOARD_LOGIN,
  DASHBOARD_SESSION_SECRET: secret = '',
}: {
  HOST: string;
  DASHBOARD_LOGIN?: 'on' | 'off' | undefined;
  DASHBOARD_SESSION_SECRET?: string | undefined;
}): string | undefined => {
  const local = isLoopback(HOST);
  if (DASHBOARD_LOGIN === 'off' && !local) {
    throw new SettingsError(
      `DASHBOARD_LOGIN="off": without a login the dashboard listens on loopback only, and HOST is ${HOST}`,
    );
  }
  if (DASHBOARD_LOGIN === 'off' || (DASHBOARD_LOGIN === undefined && local)) return undefined;
  if (secret.length < SHORTEST_SECRET) {
    const fault = secret === '' ? 'is missing' : `has ${secret.length} characters`;
    throw new SettingsError(
      `DASHBOARD_SESSION_SECRET ${fault}: the login needs ${SHORTEST_SECRET} or more, the same for all replicas`,
    );
  }
  return secret;
};

let settings: Settings | undefined;

/** The settings from the environment, read once. A bad value is one line on stderr and exit 1. */
export const getSettings = (): Settings => {
  if (settings === undefined) {
    const given = settingsOrExit(shape);
    settings = { ...given, sessionSecret: orExit(() => sessionSecretOf(given)) };
  }
  return settings;
};
