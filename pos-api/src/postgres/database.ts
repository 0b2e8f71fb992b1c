import pg from 'pg';
import { giveUpSlowConnections } from './give-up.ts';

const CLIENT_CHECK_MS = 1_000;

/** What can run a query: a pool or one of its connections. */
export type Database = pg.Pool | pg.PoolClient | pg.Client;

/** An idle connection is probed after this. Without it the system's own delay holds, two hours as a rule. */
export const KEEP_ALIVE_AFTER_MS = 5_000;

/**
 * A pool of connections. A connection that dies while idle is only logged: the next query opens a new one.
 *
 * @param size connections at most
 * Postgres looks every second whether the client is still there, so a backend that waits for a lock does not outlive it.
 *
 * @param limits milliseconds (none of the last four unless given): `connectMs` to wait for a connection, `queryMs` for an answer,
 *   `giveUpMs` until a connection in use is given up (for who asks often, see {@link giveUpSlowConnections}), and what Postgres
 *   itself keeps: `statementMs` for a statement, `lockMs` for a lock within it
 */
export const connectPostgres = (
  url: string,
  application: string,
  size: number,
  limits: { connectMs?: number; queryMs?: number; giveUpMs?: number; statementMs?: number; lockMs?: number } = {},
): pg.Pool => {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: application,
    max: size,
    connectionTimeoutMillis: limits.connectMs ?? 1000,
    ...(limits.queryMs !== undefined && { query_timeout: limits.queryMs, statement_timeout: limits.queryMs }),
    ...(limits.statementMs !== undefined && { statement_timeout: limits.statementMs }),
    ...(limits.lockMs !== undefined && { lock_timeout: limits.lockMs }),
    options: `-c client_connection_check_interval=${CLIENT_CHECK_MS}`,
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

/** Deadlock and serialisation failure, with which Postgres or a function of ours lets another transaction go first. */
const GAVE_WAY = new Set(['40P01', '40001']);

/** Whether a call failed only since other transactions came first: the same call succeeds when it is repeated. */
export const gaveWay = (error: unknown): boolean => GAVE_WAY.has(sqlState(error) ?? '');

/**
 * SQLSTATEs with which Postgres says that it cannot serve now: 08 connection, 28 and 3D not let in or no such database (yet),
 * 53 resources, 57 shutdown, start-up or cancelled in time, 58 its system fails, 25006 read only (a demoted primary), 55P03 a
 * lock not had in time, 42P01 and 42883 not migrated yet.
 */
const UNAVAILABLE = /^(08|28|3D|53|57|58)|^(25006|55P03|42P01|42883)$/;

/** Codes of TLS and certificates that Node gives; those of the network come with the system call that failed. */
const NO_TLS = /^(ERR_SSL|ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/;

/** What pg says without a code. */
const NO_CONNECTION =
  /^Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed|does not support SSL/;

/** Whether Postgres could not be reached or cannot serve, as opposed to having refused something. */
export const isUnavailable = (error: unknown): boolean => {
  if (error instanceof UnavailableError) return true;
  const state = sqlState(error);
  if (state !== undefined) return UNAVAILABLE.test(state);
  if (!(error instanceof Error)) return false;
  // Several addresses of one name were tried.
  if (error instanceof AggregateError) return error.errors.some(isUnavailable);
  if ('syscall' in error) return true;
  return NO_TLS.test('code' in error ? String(error.code) : '') || NO_CONNECTION.test(error.message);
};
