import { z } from 'zod';
import type { ClickHouse } from './client.ts';
import { ONE_THREAD } from './facts.ts';
import { inTurns } from './in-turns.ts';
import { PART, type Part, parts, SILVER, type SilverTable } from './parts.ts';

/** The active parts of the tables of silver at one moment: whatever was inserted before is in one of them. */
export type Look = Readonly<Record<SilverTable, readonly Part[]>>;

/** A look at parts, not before it is asked for; all who ask at the same time share it. */
export type Looks = () => Promise<Look>;

const SQL = `SELECT table, groupArray(${PART}) AS found FROM system.parts
  WHERE active AND database = 'silver' AND table IN (${SILVER.map((table) => `'${table}'`).join(', ')})
  GROUP BY table SETTINGS ${ONE_THREAD}`;

const row = z.object({ table: z.enum(SILVER), found: parts });

/** Tells by one cheap statement whether anything is new: a block of inserts is in one part, and a part says which blocks are in it. */
export const openLooks = (clickhouse: Pick<ClickHouse, 'rows'>): Looks =>
  inTurns(
    async () => {
      const rows = await clickhouse.rows({ name: 'parts', sql: SQL, row });
      const of = (table: SilverTable) => rows.find((found) => found.table === table)?.found ?? [];
      return {
        purchases: of('purchases'),
        customers: of('customers'),
        customer_branches: of('customer_branches'),
        products: of('products'),
        branches: of('branches'),
      };
    },
    // The parts of one question ask one after the other, before anything else happens.
    () => new Promise((resolve) => setImmediate(resolve)),
  );
