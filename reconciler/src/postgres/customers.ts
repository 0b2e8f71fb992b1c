import type { Database } from '@tillstream/pos-api/postgres/database';
import { z } from 'zod';
import {
  blockDigest,
  blockRow,
  type CustomerScope,
  customerFact,
  customerRow,
  NUMBERS_PER_BLOCK,
} from '../facts/customer-fact.ts';
import { byKey, type Key, type Store } from '../facts/facts.ts';

const milliseconds = (column: string) => `(extract(epoch from ${column}) * 1000)::bigint`;

const TOTALS = {
  customer: { from: 'from customers c cross join lateral (select c.*) as t', branch: `''` },
  customer_branch: {
    from: 'from customers c join customer_branches t on t.customer_id = c.customer_id',
    branch: 't.branch_id',
  },
};

/** Snapshots of customers as Postgres has them, over the chain or in each branch. */
export const postgresCustomers = (db: Database, of: keyof typeof TOTALS): Store<CustomerScope, number> => {
  const { from, branch } = TOTALS[of];
  /** The counterpart in ClickHouse is `checksum` in clickhouse-customers.ts: both must write the same text. */
  const checksum = `crc32(convert_to(concat_ws('|', t.customer_id, ${branch}, c.number, t.revision, t.purchases, t.spent_minor,
    coalesce(${milliseconds('t.loyal_since')}::text, ''), coalesce(${milliseconds('t.first_sold_at')}::text, ''),
    coalesce(${milliseconds('t.last_sold_at')}::text, '')), 'UTF8'))`;
  const facts = `select t.customer_id, ${branch} as branch_id, c.number, t.revision, t.purchases, t.spent_minor,
      ${milliseconds('t.loyal_since')} as loyal_ms, ${milliseconds('t.first_sold_at')} as first_ms,
      ${milliseconds('t.last_sold_at')} as last_ms ${from}`;
  const read = async (text: string, values: unknown[]) => {
    const { rows } = await db.query(text, values);
    return byKey(rows.map((row) => customerFact(customerRow.parse(row))));
  };

  return {
    digests: async (scope) => {
      const { rows } = await db.query(
        `select c.number / ${NUMBERS_PER_BLOCK} as block, count(*) as customers, sum(t.purchases) as purchases, sum(${checksum}) as checksum
         ${from} where t.purchases > 0 and c.number >= $1::bigint and c.number < $2::bigint group by 1`,
        [scope.from, scope.to],
      );
      return rows.map((row) => blockDigest(blockRow.parse(row)));
    },
    factsOf: (groups, scope) =>
      read(
        `${facts} where c.number >= $1::bigint and c.number < $2::bigint and exists (
           select from unnest($3::bigint[]) as block where c.number >= block * ${NUMBERS_PER_BLOCK} and c.number < (block + 1) * ${NUMBERS_PER_BLOCK})`,
        [scope.from, scope.to, groups],
      ),
    facts: async (keys) =>
      keys.length === 0 ? new Map() : read(`${facts} where c.customer_id = any($1::uuid[])`, [idsOf(keys)]),
  };
};

/** Which of these customers `npm run forget` is at work on. */
export const customersBeingForgotten =
  (db: Database) =>
  async (ids: readonly string[]): Promise<ReadonlySet<string>> => {
    const { rows } = await db.query('select customer_id from forgetting where customer_id = any($1::uuid[])', [ids]);
    return new Set(rows.map((row) => z.object({ customer_id: z.string() }).parse(row).customer_id));
  };

const idsOf = (keys: readonly Key[]) => [...new Set(keys.map(({ id }) => id))];
