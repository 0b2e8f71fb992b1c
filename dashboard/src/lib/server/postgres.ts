import { Pool } from 'pg';

/**
 * A small pool that only reads, unless told otherwise. It connects on first use; a read fails within a few seconds when Postgres is away.
 */
export const connectPostgres = (url: string, { writes = false } = {}): Pool => {
  const pool = new Pool({
    connectionString: url,
    application_name: 'dashboard',
    max: writes ? 2 : 1,
    connectionTimeoutMillis: 2_000,
    statement_timeout: 1_000,
    query_timeout: 2_000,
    options: `-c default_transaction_read_only=${writes ? 'off' : 'on'}`,
    allowExitOnIdle: true,
  });
  // A connection that breaks while nobody uses it is replaced at the next read.
  pool.on('error', () => {});
  return pool;
};
