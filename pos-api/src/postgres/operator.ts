import { userInfo } from 'node:os';
import { locationSettings, postgresUrl, settingsOrExit } from '@tillstream/schemas/settings';
import type pg from 'pg';
import { connectPostgres, sqlState } from './database.ts';

/** Who runs a command, for the audit log; a container may have no name for its user. */
const operator = (): string => {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
};

/** The Postgres of an operator's command, where the audit log finds the command and who runs it. A bad setting is one line and exit 1. */
export const connectAsOperator = (command: string): pg.Pool => {
  const settings = settingsOrExit({
    POSTGRES_URL: locationSettings.POSTGRES_URL,
    POSTGRES_PORT: locationSettings.POSTGRES_PORT,
    TILLSTREAM_DATA: locationSettings.TILLSTREAM_DATA,
  });
  return connectPostgres(postgresUrl(settings), `${command} (${operator()})`, 1);
};

/** One line for what an operator can do something about. */
export const explainToOperator = (error: unknown): string => {
  if (sqlState(error) === '42P01') return 'this Postgres has no Tillstream in it yet: npm start brings it there';
  return error instanceof Error ? error.message || String(error) : String(error);
};

/** A moment in a table of a command: UTC, to the minute; empty for none. */
export const minute = (moment: Date | null): string => moment?.toISOString().slice(0, 16) ?? '';
