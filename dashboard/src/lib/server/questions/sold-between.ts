import type { ClickHouse } from '@tillstream/clickhouse/client';
import { z } from 'zod';
import type { Scope } from '../parameters.ts';
import type { Period } from '../period.ts';
import { IN_SCOPE, scopeParams } from './in-scope.ts';

const SQL = `
  SELECT count() AS purchases, toUnixTimestamp64Milli(min(sold_at)) AS first, toUnixTimestamp64Milli(max(sold_at)) AS last
  FROM gold.purchases
  WHERE ${IN_SCOPE}`;

const row = z.object({ purchases: z.int(), first: z.int(), last: z.int() });

/** From the first to just after the last sale in the scope; undefined when there is none. */
export const readSoldBetween = async (
  clickhouse: ClickHouse,
  scope: Scope,
  signal?: AbortSignal,
): Promise<Period | undefined> => {
  const found = await clickhouse.row({ name: 'sold_between', sql: SQL, params: scopeParams(scope), row, signal });
  return found.purchases === 0 ? undefined : { from: found.first, to: found.last + 1 };
};
