import pg from 'pg';
import { giveUpSlowConnections } from './give-up.ts';

/** What can run a query: a pool or one of its connections. */
export type Database = pg.Pool | pg.PoolClient | pg.Client;

/** An idle connection is probed after this. Without it the system's own delay holds, two hours as a rule. */
export const KEEP_ALIVE_AFTER_MS = 5_000;

/**
 * A pool of connections. A connection that dies while idle is only logged: the next query opens a new one.
 *
 * @param size connections at most
 * @param limits milliseconds to wait for a connection, for an answer, and until a connection in use is given up (neither
 *   unless given); the last is for who asks often, see {@link giveUpSlowConnections}
 */
export const connectPostgres = (
  url: string,
  application: string,
  size: number,
  limits: { connectMs?: number; queryMs?: number; giveUpMs?: number } = {},
): pg.Pool => {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: application,
    max: size,
    connectionTimeoutMillis: limits.connectMs ?? 1000,
    ...(limits.queryMs !== undefined && { query_timeout: limits.queryMs, statement_timeout: limits.queryMs }),
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
  });
  pool.on('error', () => undefined);
  if (limits.giveUpMs !== undefined) giveUpSlowConnections(pool, limits.giveUpMs);
  return pool;
};

/** Postgres did not answer in time. What was asked of it may still come about. */
export class UnavailableError extends Error {}

/** SQLSTATE of an error from Postgres; undefined for any other error. */
export const sqlState = (error: unknown): string | undefined =>
  error instanceof pg.DatabaseError ? error.code : undefined;

/** SQLSTATE classes: 08 connection, 53 resources, 57P0x shutdown or start-up. */
const UNAVAILABLE = /^(08|53|57P0)/;

/** Whether Postgres could not be reached, as opposed to having refused something. */
export const isUnavailable = (error: unknown): boolean => {
  if (error instanceof UnavailableError) return true;
  const state = sqlState(error);
  if (state !== undefined) return UNAVAILABLE.test(state);
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return (
    ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND'].includes(code) ||
    /^Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error/.test(
      error.message,
    )
  );
};
