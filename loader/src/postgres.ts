import {
  addBranches,
  addProducts,
  listBranches,
  listProducts,
  upsertBranches,
  upsertProducts,
} from '@tillstream/pos-api/catalog';
import { connectPostgres } from '@tillstream/pos-api/postgres/database';
import { recordWithoutBodies } from '@tillstream/pos-api/record-purchases';
import { z } from 'zod';
import type { Store } from './store.ts';

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

// Connection lost, too many connections, shutting down or starting up, serialisation, deadlock, a lock not had in time.
const SQL_STATES = /^(08...|53300|57P0[123]|40001|40P01|55P03)$/;

/** Whether an error of pg may pass by itself. */
export const isPassing = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.some(isPassing);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // pg gives its own connection errors no code.
  return (
    NETWORK.has(code) ||
    SQL_STATES.test(code) ||
    /connection (terminated|timeout)|timeout exceeded/i.test(error.message)
  );
};

/** The system behind a Postgres URL; connects when first asked. */
export const postgresStore = (url: string, connections: number): Store => {
  const pool = connectPostgres(url, 'loader', connections);
  return {
    addProducts: (products) => addProducts(pool, products),
    addBranches: (branches) => addBranches(pool, branches),
    upsertProducts: (products) => upsertProducts(pool, products),
    upsertBranches: (branches) => upsertBranches(pool, branches),
    currency: async () => {
      const { rows } = await pool.query('select currency from chain_settings');
      return z.object({ currency: z.string() }).parse(rows[0]).currency;
    },
    listProducts: () => listProducts(pool),
    listBranches: () => listBranches(pool),
    recordPurchases: (batch) => recordWithoutBodies(pool, batch),
    keepColumns: async (rows) => {
      await pool.query(
        `insert into purchase_columns
           select * from jsonb_to_recordset($1::jsonb) as kept (purchase_id uuid, columns jsonb) on conflict do nothing`,
        [JSON.stringify(rows)],
      );
    },
    loadedFile: async (sha256) => {
      const { rows } = await pool.query('select loaded_at, row_count from loaded_files where sha256 = $1', [
        Buffer.from(sha256, 'hex'),
      ]);
      return z.object({ loaded_at: z.date(), row_count: z.coerce.number() }).optional().parse(rows[0]);
    },
    noteLoaded: async (sha256, name, rows) => {
      await pool.query(
        'insert into loaded_files (sha256, name, row_count) values ($1, $2, $3) on conflict do nothing',
        [Buffer.from(sha256, 'hex'), name, rows],
      );
    },
    isPassing,
    close: () => pool.end(),
  };
};
