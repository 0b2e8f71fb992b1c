import type { ClickHouse } from '@tillstream/clickhouse/client';
import {
  blockDigest,
  blockRow,
  type CustomerScope,
  customerFact,
  customerRow,
  NUMBERS_PER_BLOCK,
} from '../facts/customer-fact.ts';
import { byKey, type Fact, type Store } from '../facts/facts.ts';
import { IDS_PER_QUERY, inPieces, uuidList } from './sql-lists.ts';

const TOTALS = {
  customer: { table: 'silver.customers', branch: `''` },
  customer_branch: { table: 'silver.customer_branches', branch: 'branch_id' },
};

const milliseconds = (column: string) => `toUnixTimestamp64Milli(${column})`;
/** The condition is on the sorting key, which all rows of a customer share: filtering before FINAL takes all or none. */
const BY_ID_SETTINGS = 'SETTINGS optimize_move_to_prewhere_if_final = 1';
const TIMEOUT_SECONDS = 30;

/** Snapshots of customers as ClickHouse counts them: the highest revision of each. */
export const clickhouseCustomers = (clickhouse: ClickHouse, of: keyof typeof TOTALS): Store<CustomerScope, number> => {
  const { table, branch } = TOTALS[of];
  /** The counterpart in Postgres is `checksum` in postgres-customers.ts: both must write the same text. */
  const checksum = `CRC32(concatWithSeparator('|', toString(customer_id), ${branch}, toString(number), toString(revision), toString(t.purchases),
    toString(spent_minor), ifNull(toString(${milliseconds('loyal_since')}), ''), ifNull(toString(${milliseconds('first_sold_at')}), ''),
    ifNull(toString(${milliseconds('last_sold_at')}), '')))`;
  const facts = `SELECT customer_id, ${branch} AS branch_id, number, revision, purchases, spent_minor,
      ${milliseconds('loyal_since')} AS loyal_ms, ${milliseconds('first_sold_at')} AS first_ms, ${milliseconds('last_sold_at')} AS last_ms
    FROM ${table} AS t FINAL`;
  const read = async (name: string, sql: string, params?: Record<string, unknown>): Promise<Fact[]> => {
    const rows = await clickhouse.rows({ name, sql, params, row: customerRow, timeoutSeconds: TIMEOUT_SECONDS });
    return rows.map(customerFact);
  };

  return {
    digests: async ({ from, to }) => {
      const rows = await clickhouse.rows({
        name: `reconciler: digests of ${table}`,
        sql: `SELECT intDiv(number, ${NUMBERS_PER_BLOCK}) AS block, count() AS customers, toString(sum(t.purchases)) AS purchases,
                toString(sum(${checksum})) AS checksum
              FROM ${table} AS t FINAL WHERE t.purchases > 0 AND number >= {from:UInt64} AND number < {to:UInt64} GROUP BY block`,
        params: { from, to },
        row: blockRow,
        timeoutSeconds: TIMEOUT_SECONDS,
      });
      return rows.map(blockDigest);
    },
    factsOf: async (groups, { from, to }) =>
      byKey(
        await read(
          `reconciler: ${table} by number`,
          `${facts} WHERE number >= {from:UInt64} AND number < {to:UInt64} AND intDiv(number, ${NUMBERS_PER_BLOCK}) IN {blocks:Array(UInt64)}`,
          { from, to, blocks: groups },
        ),
      ),
    facts: async (keys) => {
      const found: Fact[] = [];
      for (const piece of inPieces(keys, IDS_PER_QUERY)) {
        const ids = uuidList(piece.map(({ id }) => id));
        found.push(
          ...(await read(`reconciler: ${table} by id`, `${facts} WHERE customer_id IN ${ids} ${BY_ID_SETTINGS}`)),
        );
      }
      return byKey(found);
    },
  };
};
