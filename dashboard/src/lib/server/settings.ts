import { count, locationSettings, settingsOrExit, shopSettings } from '@tillstream/schemas/settings';
import { z } from 'zod';

const shape = {
  ...shopSettings,
  ...locationSettings,
  /** Where the till's sales go; absent: the POS API of this machine, on POS_API_PORT. */
  POS_API_URL: z.url().optional(),
  /** The key it asks for, where keys are on. */
  POS_API_KEY: z.string().min(1).optional(),
  HOST: z.string().default('127.0.0.1'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** Pause between two looks at ClickHouse while somebody watches, in milliseconds. */
  LIVE_PAUSE_MS: count(60, 20, 60_000),
};

export type Settings = z.output<z.ZodObject<typeof shape>>;

let settings: Settings | undefined;

/** The settings from the environment, read once. A bad value is one line on stderr and exit 1. */
export const getSettings = (): Settings => {
  settings ??= settingsOrExit(shape);
  return settings;
};
