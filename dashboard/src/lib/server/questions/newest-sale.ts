import type { ClickHouse } from '@tillstream/clickhouse/client';
import { ONE_THREAD } from '@tillstream/clickhouse/facts';
import type { Gold } from '@tillstream/clickhouse/gold';
import { asOf } from '@tillstream/clickhouse/questions/figures';
import { z } from 'zod';
import type { Scope } from '../parameters.ts';
import { IN_SCOPE, scopeParams } from './in-scope.ts';

/** Over the last day before the scope's end or, if that lies after all there is, up to the last slot with facts. */
const ON_LAST_DAY = `
  WITH (SELECT max(slot) FROM silver.purchases) AS last_slot
  SELECT toUnixTimestamp64Milli(max(sold_at)) AS newest FROM gold.purchases
  WHERE ${IN_SCOPE} AND slot >= least(last_slot, toDateTime({to:DateTime64(3, 'UTC')}, 'UTC')) - INTERVAL 1 DAY
  SETTINGS ${ONE_THREAD}`;

const row = z.object({ newest: z.int() });

/**
 * When the newest sale in a scope was made, null when there is none. Read before figures that do not tell it themselves,
 * it never claims more than is in them. It looks at the scope's last day first, which nearly always has it.
 */
export const newestSale = async (
  { gold, clickhouse }: { gold: Gold; clickhouse: ClickHouse },
  scope: Scope,
  signal?: AbortSignal,
): Promise<string | null> => {
  const last = { name: 'newest_sale', sql: ON_LAST_DAY, params: scopeParams(scope), row, signal };
  const { newest } = await clickhouse.row(last);
  if (newest > 0) return asOf([newest]);
  const ever = await gold.figures({ name: 'newest_sale_ever', scopes: { period: scope }, signal });
  return asOf(ever.map((found) => found.newest));
};
