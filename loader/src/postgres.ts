import {
  addBranches,
  addProducts,
  listBranches,
  listProducts,
  upsertBranches,
  upsertProducts,
} from '@tillstream/pos-api/catalog';
import { connectPostgres, type Database, gaveWay, isUnavailable } from '@tillstream/pos-api/postgres/database';
import { recordWithoutBodies } from '@tillstream/pos-api/record-purchases';
import { type ReturnOutcome, returnOfFile } from '@tillstream/pos-api/return-of-file';
import { z } from 'zod';
import type { Additions, Store } from './store.ts';

/** Whether an error may pass by itself: Postgres is away, or chose another transaction. */
export const isPassing = (error: unknown): boolean => isUnavailable(error) || gaveWay(error);

/** What some work answers in a transaction with these additions, which is undone. */
const undone = async <T>(
  pool: ReturnType<typeof connectPostgres>,
  { products, branches }: Additions,
  work: (client: Database) => Promise<T>,
): Promise<T> => {
  const client = await pool.connect();
  let failed = true;
  try {
    await client.query('begin');
    await addProducts(client, products);
    await addBranches(client, branches);
    const answer = await work(client);
    await client.query('rollback');
    failed = false;
    return answer;
  } finally {
    // A connection in the midst of a transaction is of no use to anyone.
    client.release(failed);
  }
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
    tryPurchases: (batch, additions) => undone(pool, additions, (client) => recordWithoutBodies(client, batch)),
    recordReturn: (given) => returnOfFile(pool, given),
    tryReturns: (returns, sales, additions) =>
      undone(pool, additions, async (client) => {
        await recordWithoutBodies(client, sales);
        let last: ReturnOutcome = { outcome: 'conflict' };
        for (const given of returns) last = await returnOfFile(client, given);
        return last;
      }),
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
