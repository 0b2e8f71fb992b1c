import type { ClickHouse } from '@tillstream/clickhouse/client';
import { dayFacts } from '@tillstream/clickhouse/facts';
import type { Gold } from '@tillstream/clickhouse/gold';
import { z } from 'zod';
import type { Scope } from '../parameters.ts';

const sql = (shopDay: string, branch: string | undefined) => `
  SELECT (SELECT groupArray((path, max_block_number, data_version)) FROM system.parts
      WHERE database = 'silver' AND table IN ('products', 'branches') AND active) AS catalog,
    toString(sum(rows)) AS facts, toString(sum(hash)) AS fingerprint
  FROM (${dayFacts(
    `${shopDay} AS day, branch_id`,
    'day, branch_id',
    `${shopDay} >= toDate({first:UInt16}) AND ${shopDay} <= toDate({last:UInt16}) ${branch === undefined ? '' : 'AND branch_id = {branch:String}'}`,
  )})`;

const row = z.object({ catalog: z.array(z.array(z.unknown())), facts: z.string(), fingerprint: z.string() });

/**
 * A text that differs whenever the sales of a scope or the catalog may have changed, by the fingerprint of all facts of the
 * scope's business days. A sale of another day leaves it as it is; of customers' totals it knows nothing.
 */
export const readScopeMark = async (
  clickhouse: ClickHouse,
  { shopDay, calendar }: Pick<Gold, 'shopDay' | 'calendar'>,
  { from, to, branch }: Scope,
  signal?: AbortSignal,
): Promise<string> => {
  const params = {
    first: calendar.dayOf(from),
    last: calendar.dayOf(to - 1),
    ...(branch === undefined ? {} : { branch }),
  };
  const found = await clickhouse.row({ name: 'scope_mark', sql: sql(shopDay, branch), params, row, signal });
  return `${found.facts} ${found.fingerprint} ${found.catalog
    .map((part) => part.join(' '))
    .sort()
    .join(' ')}`;
};
