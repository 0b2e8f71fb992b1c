import pino, { type Logger } from 'pino';
import { getSettings } from './settings.ts';

let log: Logger | undefined;

/** The log of this process: one JSON line per entry on stdout. */
export const getLog = (): Logger => {
  log ??= pino({ name: 'dashboard', level: getSettings().LOG_LEVEL });
  return log;
};
